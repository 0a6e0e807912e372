import type { Replica } from '../serving/index.ts';
import type { AnswerReader, AnswerTarget } from './answer-reader.ts';
import type { InferenceRequest } from './inference-request.ts';
import { noTokens } from './meter-outcome.ts';
import { createParsedStream } from './parsed-stream.ts';
import { createPassThroughStream } from './pass-through-stream.ts';
import { reshapeFor } from './reshape-answer.ts';
import { createWholeAnswer } from './whole-answer.ts';

export interface AnswerPlan {
  readonly request: InferenceRequest;
  readonly replica: Replica;
  readonly form: 'bytes' | 'objects';
  readonly modelName: string;
}

/** The reader for an answer, by the worker's lane and the sink's form. */
export function createAnswerReader(target: AnswerTarget, plan: AnswerPlan): AnswerReader {
  const { request, replica, form } = plan;
  const reshape =
    replica.lane === 'normalise'
      ? reshapeFor(request.workerPath, request.stream, {
          model: plan.modelName,
          id: `${request.workerPath === '/v1/completions' ? 'cmpl' : 'chatcmpl'}-${request.requestId}`,
        })
      : undefined;
  const options = reshape ? { form, reshape } : { form };
  if (!request.stream)
    return createWholeAnswer(
      target,
      // Nothing is computed to tell tokens.
      request.workerPath === '/tokenize' ? { ...options, countsOfSilent: noTokens } : options,
    );
  if (form === 'bytes' && !reshape) return createPassThroughStream(target, request.clientWantsUsage);
  return createParsedStream(target, { ...options, keepUsage: request.clientWantsUsage });
}
