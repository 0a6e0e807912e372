import { defaultScope } from '@samovar/contract/default-scope';
import { newId } from '../src/kernel/ids.ts';
import type { UsageRecord } from '../src/modules/usage/index.ts';

/** A usage record of the default project; each has its own id. */
export function sampleUsage(changes: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id: newId(),
    requestId: 'req_sample',
    ...defaultScope,
    keyId: '00000000-0000-7000-8000-0000000000aa',
    requestedModel: 'chat-default',
    modelName: 'smollm2-135m-instruct',
    versionId: null,
    endpoint: 'chat.completions',
    inputTokens: 10,
    cachedInputTokens: 4,
    outputTokens: 5,
    reasoningTokens: 0,
    estimated: false,
    timeToFirstTokenMs: 12.5,
    durationMs: 40,
    status: 200,
    errorCode: null,
    chosenVersionId: null,
    chosenError: null,
    startedAt: Date.now(),
    ...changes,
  };
}
