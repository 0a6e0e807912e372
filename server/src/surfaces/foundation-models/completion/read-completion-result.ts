import type { CompletionResponse } from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import type { JsonObject } from '../../../modules/operations/index.ts';
import { modelVersion } from '../model-version.ts';
import { createCompletionWriter } from './completion-writer.ts';

/** The kept result of an asynchronous completion as the message that a call would have got. */
export function readCompletionResult(result: JsonObject): CompletionResponse {
  const { answer, counts, versionId } = result;
  const writer = createCompletionWriter(modelVersion(String(versionId)));
  writer.add(membersOf(answer));
  const { inputTokens, outputTokens, reasoningTokens } = membersOf(counts);
  return writer.final({
    inputTokens: Number(inputTokens),
    outputTokens: Number(outputTokens),
    reasoningTokens: Number(reasoningTokens),
  });
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Error('the result of an operation is not one');
  return { ...value };
}
