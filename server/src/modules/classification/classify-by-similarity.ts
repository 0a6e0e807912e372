import { SamovarError } from '../../kernel/errors.ts';
import { askModel, type ModelAnswer } from './ask-model.ts';
import type { BoundedCache } from './bounded-cache.ts';
import type { ClassificationTask } from './check-request.ts';
import type { Method } from './method.ts';
import { softmax } from './softmax.ts';
import { taskKey } from './task-key.ts';

type Vector = Float32Array;

/**
 * How far apart confidences are for a difference of cosines. From 15 to 20 gave the best likelihood of the right
 * label and the least calibration error with the model measured (docs/guides/classification.md).
 */
const sharpness = 18;

/**
 * For embedding models: the cosine of the text to each label, as a softmax. A label's vector is the mean of its own
 * name's and its samples' unit vectors. These vectors are kept: the first call of a task embeds labels, samples and
 * text, in one request, and the others the text alone.
 */
export function createSimilarityMethod(centres: BoundedCache<readonly Vector[]>): Method {
  return async ({ start, request, task, model, signal }) => {
    const key = model === null ? null : taskKey(model, task);
    const kept = key === null ? undefined : centres.get(key);
    const known = kept === undefined ? [...task.labels, ...task.samples.map(({ text }) => text)] : [];
    const body = { input: [task.text, ...known], encoding_format: 'float' };
    const answered = await askModel(
      start,
      { ...request, workerPath: '/v1/embeddings', task: 'embedding', body },
      signal,
    ).catch((error: unknown) => {
      throw inWordsOfTask(error, task);
    });
    const [text, ...rest] = readVectors(answered, 1 + known.length);
    if (text === undefined) throw noVectors();
    const found = kept ?? centresOf(task, rest);
    if (kept === undefined && key !== null) centres.set(key, found, found.length * text.length);
    return { answered, confidences: softmax(found.map((centre) => sharpness * product(text, centre))) };
  };
}

/** The centre of each label, from the vectors of all labels and then of all samples. */
function centresOf({ labels, samples }: ClassificationTask, vectors: readonly Vector[]): Vector[] {
  const own = samples.map(({ label }, index) => ({ label, vector: vectors[labels.length + index] }));
  return labels.map((label, place) =>
    unitSum([vectors[place], ...own.filter((sample) => sample.label === label).map(({ vector }) => vector)]),
  );
}

function unitSum(vectors: readonly (Vector | undefined)[]): Vector {
  const sum = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors)
    for (const [at, value] of vector?.entries() ?? []) sum[at] = (sum[at] ?? 0) + value;
  return unit(sum);
}

/** The vector at length 1; one of length 0 as it is. */
function unit(vector: Vector): Vector {
  const length = Math.sqrt(product(vector, vector));
  return length === 0 ? vector : vector.map((value) => value / length);
}

function product(left: Vector, right: Vector): number {
  let sum = 0;
  for (let at = 0; at < left.length; at += 1) sum += (left[at] ?? 0) * (right[at] ?? 0);
  return sum;
}

/** Unit vectors, one for each input. Throws `engine.failed` when the answer is none. */
function readVectors({ answer }: ModelAnswer, count: number): Vector[] {
  const { data } = answer;
  if (!Array.isArray(data) || data.length !== count) throw noVectors();
  const vectors = data.map((entry: unknown) => {
    const given =
      entry !== null && typeof entry === 'object' && 'embedding' in entry ? entry.embedding : null;
    if (!Array.isArray(given) || !given.every(Number.isFinite)) throw noVectors();
    return unit(Float32Array.from(given));
  });
  if (vectors.some(({ length }) => length !== vectors[0]?.length)) throw noVectors();
  return vectors;
}

function noVectors(): SamovarError {
  return new SamovarError('engine.failed', { cause: new Error('the worker gave no vector for each input') });
}

/** An input that is too long is told by what it is in the task, not by its place among the inputs. */
function inWordsOfTask(error: unknown, { labels }: ClassificationTask): unknown {
  if (!(error instanceof SamovarError) || error.code !== 'engine.input_too_long') return error;
  const { index, inputTokens = 0, maxTokens = 0 } = error.params;
  if (index === 0)
    return new SamovarError('engine.context_exceeded', {
      params: { promptTokens: inputTokens, contextTokens: maxTokens },
      field: 'text',
    });
  const place = Number(index) - 1;
  const field = place < labels.length ? `labels[${place}]` : `samples[${place - labels.length}].text`;
  const reason = `it has ${inputTokens} tokens, and this model takes at most ${maxTokens}.`;
  return new SamovarError('request.invalid', { params: { parameter: field, reason }, field });
}
