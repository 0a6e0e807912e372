import { SamovarError } from '../../kernel/errors.ts';
import type { Admission } from '../usage/index.ts';
import type { InferenceDependencies, InferencePolicy } from './inference-dependencies.ts';
import type { InferenceRequest, TokenCounts } from './inference-request.ts';
import { meterOutcome } from './meter-outcome.ts';
import type { ModelChoice } from './model-choice.ts';

/** What one request takes of its key's limits, how long it lasts, and what is metered of it in the end, once. */
export class RequestAccount {
  readonly #deps: InferenceDependencies;
  readonly #request: InferenceRequest;
  readonly #startedAt: number;
  readonly #startedMs = performance.now();
  #admission: Admission | null = null;
  /** Milliseconds from its arrival to the first byte of an answer. */
  firstByteMs: number | null = null;
  closed = false;

  constructor(deps: InferenceDependencies, request: InferenceRequest) {
    this.#deps = deps;
    this.#request = request;
    this.#startedAt = deps.clock.now();
  }

  /** Throws `limit.*`, and `access.key_invalid` for a key that was revoked since it was looked up. */
  admit(policy: InferencePolicy): void {
    const { principal, reserveTokens } = this.#request;
    const limits = policy.limits.get(principal.keyId);
    if (!limits) throw new SamovarError('access.key_invalid');
    this.#admission = this.#deps.limiter.admit({ keyId: principal.keyId, limits }, reserveTokens);
  }

  get rateLimitHeaders(): Readonly<Record<string, string>> {
    return this.#admission?.headers ?? {};
  }

  noteFirstByte(): void {
    this.firstByteMs = performance.now() - this.#startedMs;
  }

  /** Gives back what it took and meters it. */
  close(choice: ModelChoice | null, status: number, errorCode: string | null, counts: TokenCounts): void {
    this.closed = true;
    this.#admission?.release(counts.inputTokens + counts.outputTokens);
    meterOutcome(this.#deps, this.#request, {
      model: choice?.model ?? null,
      fallback: choice,
      status,
      errorCode,
      counts,
      startedAt: this.#startedAt,
      durationMs: performance.now() - this.#startedMs,
      timeToFirstTokenMs: this.firstByteMs,
    });
  }
}
