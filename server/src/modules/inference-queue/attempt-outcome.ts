import { SamovarError } from '../../kernel/errors.ts';
import { failureOf, type JsonObject, type OperationFailure } from '../operations/index.ts';
import type { UsageRecord } from '../usage/index.ts';

/** Failed attempts after which a request is not tried again. */
const mostFailures = 5;
const longestBackOffMs = 60_000;

/** How an attempt at a request ended. */
export type AttemptOutcome =
  | { readonly kind: 'succeed'; readonly response: JsonObject; readonly record: UsageRecord }
  | {
      readonly kind: 'fail' | 'cancel' | 'expire';
      readonly failure: OperationFailure;
      readonly record: UsageRecord;
    }
  /** It goes back into the queue. */
  | { readonly kind: 'release'; readonly pauseMs: number; readonly failed: boolean };

/**
 * Another try may succeed where the engine, not the request, was at fault, and where this process has not heard yet of
 * what was made a moment before the request.
 */
const retried: ReadonlySet<string> = new Set([
  'engine.worker_lost',
  'engine.failed',
  'engine.remote_failed',
  'engine.answer_invalid',
  'engine.connection_broken',
  'access.key_invalid',
  'model.not_found',
  'model.version_gone',
]);

/** No engine has tried it: it waits on, for as long as its operation may. */
const notTried: ReadonlySet<string> = new Set([
  'engine.busy',
  'engine.unreachable',
  'engine.remote_unavailable',
  'engine.load_failed',
  'engine.load_timeout',
  'model.not_ready',
]);

/** Nobody's fault: this process stops, or PostgreSQL is away. */
const givenBack: ReadonlySet<string> = new Set([
  'system.draining',
  'system.policy_stale',
  'system.database_away',
]);

export interface FailedAttempt {
  /** Failed attempts before this one. */
  readonly failures: number;
  readonly backOffMs: number;
  readonly record: UsageRecord;
}

/** What becomes of a request whose attempt ended with this error. */
export function outcomeOfError(error: SamovarError, attempt: FailedAttempt): AttemptOutcome {
  const { failures, backOffMs, record } = attempt;
  if (error.code === 'engine.deadline_passed') return outcomeOfEnding('expire', record);
  if (givenBack.has(error.code)) return { kind: 'release', pauseMs: 0, failed: false };
  if (notTried.has(error.code)) return { kind: 'release', pauseMs: backOffMs, failed: false };
  if (retried.has(error.code) && failures + 1 < mostFailures)
    return { kind: 'release', pauseMs: Math.min(backOffMs * 2 ** failures, longestBackOffMs), failed: true };
  return { kind: 'fail', failure: failureOf(error), record };
}

/** What becomes of a request that this process ended on purpose. */
export function outcomeOfEnding(kind: 'cancel' | 'expire', record: UsageRecord): AttemptOutcome {
  const error = new SamovarError(kind === 'cancel' ? 'operation.cancelled' : 'operation.expired');
  return {
    kind,
    failure: failureOf(error),
    record: { ...record, status: error.entry.httpStatus, errorCode: error.code },
  };
}
