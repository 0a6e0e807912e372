import type { WorkerAnswerExtra } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../kernel/errors.ts';
import type { WorkerExchange } from '../worker-http/worker-route.ts';
import type { EmbeddingModel, EmbeddingOptions } from './embedding-model.ts';
import { type EmbeddingInput, readEmbeddingRequest } from './embedding-request.ts';
import { shapeVector } from './shape-vector.ts';
import type { EncodedText } from './text-tokenizer.ts';

/** `POST /v1/embeddings`. */
export async function answerEmbeddings(model: EmbeddingModel, exchange: WorkerExchange): Promise<void> {
  const request = readEmbeddingRequest(exchange.body);
  const dimensions = dimensionsOf(model.options, request.dimensions);
  let left = false;
  let cancel = () => {};
  exchange.onAbandoned(() => {
    left = true;
    cancel();
  });
  const encoded = await encodeInputs(model, request.inputs, request.truncate, () => left);
  if (left) return;
  const work = model.batcher.submit({
    inputs: encoded.ids,
    priority: exchange.priority,
    deadline: exchange.deadline,
  });
  cancel = work.cancel;
  let vectors: Float32Array[];
  try {
    vectors = await work.vectors;
  } catch (error) {
    // Nobody reads the answer any more, so there is nobody to tell.
    if (left) return;
    throw error instanceof SamovarError ? error : new SamovarError('engine.failed', { cause: error });
  }
  const write = request.format === 'base64' ? asBase64 : (vector: Float32Array) => Array.from(vector);
  const promptTokens = encoded.ids.reduce((sum, ids) => sum + ids.length, 0);
  const extra: WorkerAnswerExtra = {
    timeToFirstTokenMs: Math.round(performance.now() - exchange.receivedAt),
    ...(encoded.truncated.length === 0 ? {} : { truncated: encoded.truncated }),
  };
  exchange.json(200, {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: write(shapeVector(vector, dimensions, model.options.normalize)),
    })),
    model: typeof exchange.body.model === 'string' ? exchange.body.model : model.name,
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
    samovar: extra,
  });
}

function dimensionsOf(options: EmbeddingOptions, asked: number | null): number {
  if (asked === null || asked === options.dimensions) return options.dimensions;
  if (options.trainedDimensions.includes(asked)) return asked;
  throw new SamovarError('engine.unsupported_parameter', {
    params: { parameter: 'dimensions' },
    field: 'dimensions',
  });
}

async function encodeInputs(
  model: EmbeddingModel,
  inputs: readonly EmbeddingInput[],
  truncate: boolean,
  isAbandoned: () => boolean,
): Promise<{ ids: (readonly number[])[]; truncated: number[] }> {
  const ids: (readonly number[])[] = [];
  const truncated: number[] = [];
  let sliceBeganAt = performance.now();
  for (const [index, input] of inputs.entries()) {
    const text = input.kind === 'text' ? input.text : await model.decodeTokens(input.tokens);
    const encoded = await model.tokenizer.encode(text, model.maxTokens, truncate ? 0 : undefined);
    if (encoded.count > model.maxTokens) {
      if (!truncate) throw tooLong(index, encoded, model.maxTokens);
      truncated.push(index);
    }
    ids.push(encoded.ids);
    // A large request does not keep the others from theirs.
    if (performance.now() - sliceBeganAt < sliceMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    if (isAbandoned()) break;
    sliceBeganAt = performance.now();
  }
  return { ids, truncated };
}

const sliceMs = 10;

function tooLong(index: number, { count, whole }: EncodedText, maxTokens: number): SamovarError {
  const inputTokens = whole ? count : `more than ${count - 1}`;
  return new SamovarError('engine.input_too_long', {
    params: { index, inputTokens, maxTokens },
    field: 'input',
  });
}

/** Little-endian 32-bit floats, as published; every platform that Node 24 is built for here is little-endian. */
function asBase64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
