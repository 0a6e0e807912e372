import type { FallbackKind } from './fallback-kind.ts';
import type { AliasScope } from './served-alias.ts';

/** A model that an alias points at. The ids count; the name is the model's of that time. */
export interface AliasTarget {
  readonly modelId: string;
  readonly model: string;
  /** `null`: whatever version is the model's newest ready one. */
  readonly versionId: string | null;
}

export interface WeightedTarget extends AliasTarget {
  /** From 0 to 1 000 000: its share of the sum of all. The first target is the stable one. */
  readonly weight: number;
}

export interface AliasFallback extends AliasTarget {
  readonly on: readonly FallbackKind[];
}

/** Everything that is said of an alias, as its history keeps it. Times are RFC 3339. */
export interface AliasState {
  readonly targets: readonly WeightedTarget[];
  readonly fallbacks: readonly AliasFallback[];
  readonly scope: AliasScope;
  readonly description: string;
  readonly deprecation: {
    readonly deprecatedAt: string;
    readonly sunsetAt: string | null;
    readonly successor: string | null;
  } | null;
}

/** How an alias was changed. `describe` changes nothing of what answers. */
export type AliasAction = 'set' | 'describe' | 'promote' | 'rollback' | 'remove' | 'canary';

/** Whether both let the same models answer. */
export function sameTraffic(left: AliasState, right: AliasState): boolean {
  return left.scope === right.scope && trafficText(left) === trafficText(right);
}

function trafficText({ targets, fallbacks }: AliasState): string {
  return JSON.stringify([
    targets.map(({ modelId, versionId, weight }) => [modelId, versionId, weight]),
    fallbacks.map(({ modelId, versionId, on }) => [modelId, versionId, on]),
  ]);
}

/** Whether two targets are the same model and version. */
export function sameTarget(left: AliasTarget, right: AliasTarget): boolean {
  return left.modelId === right.modelId && left.versionId === right.versionId;
}
