import { newId } from '../../kernel/ids.ts';
import type { ServedModel } from '../registry/index.ts';
import type { InferenceDependencies } from './inference-dependencies.ts';
import type { InferenceRequest, TokenCounts } from './inference-request.ts';
import type { ModelChoice } from './model-choice.ts';

/** The status under which a request is metered whose client left first. */
export const clientLeft = 499;

/** How one request went. */
export interface Outcome {
  readonly model: ServedModel | null;
  /** What its alias chose first, and what went wrong there when it is not `model` that was chosen. */
  readonly fallback: Pick<ModelChoice, 'chosen' | 'chosenError'> | null;
  /** HTTP status sent, or `clientLeft`. */
  readonly status: number;
  readonly errorCode: string | null;
  readonly counts: TokenCounts;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly timeToFirstTokenMs: number | null;
}

export const noTokens: TokenCounts = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  estimated: false,
};

/** Whom a record is for, and what was asked. */
export type MeteredRequest = Pick<InferenceRequest, 'requestId' | 'principal' | 'endpoint' | 'model'>;

/** Puts a finished request into the usage records and the metrics. */
export function meterOutcome(
  { meter, metrics }: Pick<InferenceDependencies, 'meter' | 'metrics'>,
  { requestId, principal, endpoint, model: requestedModel }: MeteredRequest,
  { model, fallback, status, errorCode, counts, startedAt, durationMs, timeToFirstTokenMs }: Outcome,
): void {
  meter.record({
    id: newId(),
    requestId,
    organizationId: principal.organizationId,
    projectId: principal.projectId,
    keyId: principal.keyId,
    requestedModel,
    modelName: model?.name ?? null,
    versionId: model?.versionId ?? null,
    endpoint,
    inputTokens: counts.inputTokens,
    cachedInputTokens: counts.cachedInputTokens,
    outputTokens: counts.outputTokens,
    reasoningTokens: counts.reasoningTokens,
    estimated: counts.estimated,
    timeToFirstTokenMs,
    durationMs,
    status,
    errorCode,
    startedAt,
    chosenVersionId: fallback?.chosenError ? fallback.chosen.versionId : null,
    chosenError: fallback?.chosenError ?? null,
  });
  metrics.observe({
    endpoint,
    model: model?.name ?? 'unknown',
    errorCode: errorCode ?? (status === clientLeft ? 'client_left' : null),
    durationSeconds: durationMs / 1000,
    timeToFirstTokenSeconds: timeToFirstTokenMs === null ? null : timeToFirstTokenMs / 1000,
    inputTokens: counts.inputTokens,
    outputTokens: counts.outputTokens,
    chosenModel: fallback?.chosenError ? fallback.chosen.name : null,
    chosenError: fallback?.chosenError ?? null,
  });
}
