import { reserveTokens, type StartInference } from '../inference/index.ts';
import { findServed, type ModelSnapshot, type ServedModel } from '../registry/index.ts';
import { createBoundedCache } from './bounded-cache.ts';
import { type ClassificationTask, checkRequest } from './check-request.ts';
import type { ClassificationRequest, Classify } from './classification.ts';
import { createLikelihoodMethod } from './classify-by-likelihood.ts';
import { createSimilarityMethod } from './classify-by-similarity.ts';
import type { Method } from './method.ts';

export interface ClassificationDependencies {
  readonly start: StartInference;
  /** The models of now. Throws `system.policy_stale` when the snapshot is too old to decide by. */
  models(): ModelSnapshot;
}

/** Numbers that are kept of former tasks (description, labels and samples, with a model): one for each label. */
const mostCalibrationNumbers = 200_000;
/** The same for embedding models, which have a vector for each label: 16 MiB. */
const mostVectorNumbers = 4 * 1024 * 1024;

/** Classification by whatever method suits the model; each call is one inference request, metered as one. */
export function createClassify({ start, models }: ClassificationDependencies): Classify {
  const methods: Readonly<Record<ServedModel['task'], Method>> = {
    chat: createLikelihoodMethod(createBoundedCache(mostCalibrationNumbers)),
    embedding: createSimilarityMethod(createBoundedCache(mostVectorNumbers)),
  };
  const run = async (request: ClassificationRequest, task: ClassificationTask, signal: AbortSignal) => {
    // `null` when the name means none that is ready: the inference says so then, and meters it.
    const model = findServed(models(), request.principal, request.model);
    const method = methods[model?.task ?? 'chat'];
    const { requestId, principal, endpoint, deadline } = request;
    const { answered, confidences } = await method({
      start,
      request: {
        requestId,
        principal,
        endpoint,
        model: request.model,
        stream: false,
        clientWantsUsage: false,
        reserveTokens: reserveTokens(sizeOf(task), 0, 1),
        priority: 'interactive',
        deadline,
      },
      task,
      model,
      signal,
    });
    return { confidences, inputTokens: answered.counts.inputTokens, model: answered.model };
  };
  // What is wrong with the request itself is thrown, not rejected: nothing has been metered then.
  return (request, signal) => run(request, checkRequest(request), signal);
}

/** About the bytes of the prompt, in characters. */
function sizeOf({ description, labels, samples, text }: ClassificationTask): number {
  const texts = [description, text, ...labels, ...labels, ...samples.flatMap((one) => [one.text, one.label])];
  return texts.reduce((sum, { length }) => sum + length, 0);
}
