import type { Clock } from '../../kernel/clock.ts';
import type { SamovarError } from '../../kernel/errors.ts';
import type { UsageRecord } from '../usage/index.ts';
import type { MeteredFacts } from './queue-store.ts';

/** How a request is metered that ended before any engine had it. */
export function unusedRecord(facts: MeteredFacts, error: SamovarError, clock: Clock): UsageRecord {
  return {
    id: facts.id,
    requestId: facts.requestId,
    organizationId: facts.organizationId,
    projectId: facts.projectId,
    keyId: facts.keyId,
    requestedModel: facts.model,
    modelName: null,
    versionId: null,
    endpoint: facts.endpoint,
    inputTokens: 0,
    cachedInputTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    estimated: false,
    timeToFirstTokenMs: null,
    durationMs: 0,
    status: error.entry.httpStatus,
    errorCode: error.code,
    chosenVersionId: null,
    chosenError: null,
    startedAt: clock.now(),
  };
}
