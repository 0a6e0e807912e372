import type { Clock } from '../../kernel/clock.ts';
import type { ReadinessCheck } from '../../surfaces/system/index.ts';
import type { PolicyHolder } from '../policy/policy-snapshot.ts';

/** Without a confirmation for this long PostgreSQL counts as away. */
const awayMs = 3000;

export interface ReadinessFacts {
  readonly policy: PolicyHolder;
  readonly draining: boolean;
  /** When PostgreSQL last answered; `null` when it never did. */
  readonly confirmedAt: number | null;
  readonly clock: Clock;
}

const policyDetails = {
  none: 'Keys and models are not loaded yet: PostgreSQL has not been reached.',
  stale: 'PostgreSQL has been away for longer than SAMOVAR_POSTGRES_AWAY_SECONDS, so requests are refused.',
  good: 'Keys and models are in memory.',
} as const;

/** The parts of an api process and how they are. */
export function readinessChecks(facts: ReadinessFacts): ReadinessCheck[] {
  const { policy, draining, confirmedAt, clock } = facts;
  const silentMs = confirmedAt === null ? null : clock.now() - confirmedAt;
  return [
    {
      name: 'server',
      well: !draining,
      required: true,
      detail: draining ? 'The process is stopping.' : 'The process takes requests.',
    },
    { name: 'policy', well: policy.state === 'good', required: true, detail: policyDetails[policy.state] },
    {
      name: 'postgres',
      well: silentMs !== null && silentMs < awayMs,
      required: false,
      detail:
        silentMs === null
          ? 'PostgreSQL has not been reached yet.'
          : silentMs < awayMs
            ? 'PostgreSQL answers.'
            : `PostgreSQL has not answered for ${Math.round(silentMs / 1000)} seconds; inference goes on from memory.`,
    },
  ];
}
