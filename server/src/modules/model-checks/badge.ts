import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import { type DoneCheck, markOfDone, selectLatestDone } from './check-store.ts';
import type { Feature, Finding } from './conformance/finding.ts';

/** What the latest check of a version found, in short. */
export interface Badge {
  /** `true`: no feature that the model claims failed. */
  readonly passed: boolean;
  readonly features: readonly Pick<Finding, 'feature' | 'outcome'>[];
  /** Each with its feature in front. */
  readonly failures: readonly string[];
  readonly checkedAt: Date;
}

/** Badges by version, immutable. */
export type BadgeSnapshot = ReadonlyMap<string, Badge>;

/** The badge of a conformance check that is done. */
function badgeOf({ result, endedAt }: DoneCheck): Badge | null {
  if (!result?.findings || endedAt === null) return null;
  const { findings } = result;
  return {
    passed: findings.every(({ outcome }) => outcome !== 'failed'),
    features: findings.map(({ feature, outcome }) => ({ feature, outcome })),
    failures: findings.flatMap(({ feature, failures }) =>
      failures.map((text) => `${label(feature)}: ${text}`),
    ),
    checkedAt: endedAt,
  };
}

/** Every badge of the installation, or of a project. */
export async function loadBadges(
  database: DatabaseOrTransaction,
  scope: Scope | null = null,
): Promise<BadgeSnapshot> {
  const latest = await selectLatestDone(database, 'conformance', scope);
  const badges = new Map<string, Badge>();
  for (const check of latest) {
    const badge = badgeOf(check);
    if (badge) badges.set(check.versionId, badge);
  }
  return badges;
}

/** Reads every badge of the installation again and again: only when a check has ended or is gone since the last time. */
export function createBadgeLoader(database: DatabaseOrTransaction): () => Promise<BadgeSnapshot> {
  let last: { readonly mark: string; readonly badges: BadgeSnapshot } | null = null;
  return async () => {
    // Before the badges: what ends in between is read again the next time.
    const mark = await markOfDone(database, 'conformance');
    if (last?.mark === mark) return last.badges;
    const badges = await loadBadges(database);
    // The former ones where nothing has changed: what is derived from them holds.
    last = { mark, badges: last !== null && sameBadges(last.badges, badges) ? last.badges : badges };
    return last.badges;
  };
}

/** Whether two snapshots say the same: what is derived from one holds for the other. */
function sameBadges(left: BadgeSnapshot, right: BadgeSnapshot): boolean {
  if (left.size !== right.size) return false;
  for (const [versionId, { checkedAt }] of left)
    if (right.get(versionId)?.checkedAt.getTime() !== checkedAt.getTime()) return false;
  return true;
}

function label(feature: Feature): string {
  return feature === 'json-schema' ? 'JSON Schema' : feature;
}
