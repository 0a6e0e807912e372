import type { WorkerStart } from '@samovar/contract/worker-protocol';
import { getLlama, LlamaLogLevel, type LlamaModel, LlamaVocabularyType, type Token } from 'node-llama-cpp';
import type { Log } from '../../../kernel/ports/log.ts';
import type { EmbeddingModel } from '../../embedding-worker/embedding-model.ts';
import { createPartEncoder, type SpecialTokens } from '../../embedding-worker/part-encoder.ts';
import type { TextTokenizer } from '../../embedding-worker/text-tokenizer.ts';
import { createTokenBatcher } from '../../embedding-worker/token-batcher.ts';
import { createTokenDecoder } from '../../embedding-worker/token-decoder.ts';
import { logNative } from '../../gguf/log-native.ts';
import { ggufModelPath } from '../../gguf/model-path.ts';
import { nativeVocabulary } from '../../gguf/native-vocabulary.ts';
import { isControlToken } from '../../gguf/token-pieces.ts';

/** Inputs that may wait: one request may bring 2,048. The limit of the driver counts requests. */
const waitingInputs = 8192;
/** The context is this much longer than the longest input: the binding takes no input that fills it. */
const spareTokens = 1;

/**
 * Loads a GGUF encoder, or a decoder that was trained for embeddings, with the pooling that its file names, and runs
 * one input through. One input is computed at a time: the binding gives the embedding of the first sequence alone.
 */
export async function loadLlamaEmbeddings(start: WorkerStart, log: Log): Promise<EmbeddingModel> {
  const options = start.manifest.embedding;
  if (options === undefined) throw new Error('the manifest has no `embedding` section');
  const llama = await getLlama({
    gpu: 'auto',
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    maxThreads: start.threads,
    logLevel: LlamaLogLevel.warn,
    logger: (level, message) => logNative(log, level, message),
  });
  const model = await llama.loadModel({ modelPath: ggufModelPath(start), ignoreMemorySafetyChecks: true });
  const context = await model.createEmbeddingContext({
    contextSize: start.contextTokens + spareTokens,
    // An encoder sees its whole input at once.
    batchSize: start.contextTokens + spareTokens,
    threads: start.threads,
    ignoreMemorySafetyChecks: true,
  });
  const tokenizer = createTokenizer(model);
  const run = async (inputs: readonly (readonly number[])[]): Promise<Float32Array[]> => {
    const vectors: Float32Array[] = [];
    for (const input of inputs) {
      const { vector } = await context.getEmbeddingFor(input as readonly Token[] as Token[]);
      vectors.push(Float32Array.from(vector));
    }
    return vectors;
  };
  const [vector] = await run([(await tokenizer.encode('warm', start.contextTokens)).ids]);
  if (vector?.length !== options.dimensions)
    throw new Error(
      `the model gives ${vector?.length} dimensions, and its manifest says ${options.dimensions}`,
    );
  return {
    name: start.modelName,
    options,
    maxTokens: start.contextTokens,
    tokenizer,
    decodeTokens: createTokenDecoder(options.tokenArrayEncoding),
    // Nothing is won by batches: each input is one of its own, and the next request waits for no longer than one.
    batcher: createTokenBatcher({
      run,
      holdsLoop: false,
      budgetTokens: 1,
      queueLimit: Math.max(waitingInputs, start.queueLimit),
      spareThread: null,
    }),
    processor: llama.gpu === false ? 'cpu' : llama.gpu,
    async release() {
      await context.dispose();
      await model.dispose();
      await llama.dispose();
    },
  };
}

function createTokenizer(model: LlamaModel): TextTokenizer {
  const native = nativeVocabulary(model);
  const entry = (id: number) => ({
    text: native.getTokenString(id),
    attributes: native.getTokenAttributes(id),
  });
  return {
    encode: createPartEncoder((text) => native.tokenize(text, false), specialTokens(model)),
    describe: (ids) => ids.map((id) => ({ text: entry(id).text, special: isControlToken(entry(id)) })),
  };
}

/** What stands around a text, as llama.cpp adds it (`llama_vocab::impl::tokenize`). */
function specialTokens({ tokens, vocabularyType, fileInfo }: LlamaModel): SpecialTokens {
  const list = (token: Token | null) => (token === null ? [] : [token]);
  if (vocabularyType === LlamaVocabularyType.wpm)
    return { before: list(tokens.bos), after: list(tokens.sep) };
  const stated = fileInfo.metadata.tokenizer?.ggml;
  const isUnigram = vocabularyType === LlamaVocabularyType.ugm;
  const addsBos = isUnigram ? stated?.add_bos_token === true : tokens.shouldPrependBosToken;
  const addsEos = isUnigram ? stated?.add_eos_token !== false : tokens.shouldAppendEosToken;
  return { before: addsBos ? list(tokens.bos) : [], after: addsEos ? list(tokens.eos) : [] };
}
