import { samplingDefaults } from '../../../server/src/engines/language-worker/sampling-options.ts';
import { loadLlama } from '../../../server/src/engines/llama-cpp/load-llama.ts';
import { createSlotScheduler } from '../../../server/src/engines/llama-cpp/scheduler/slot-scheduler.ts';
import { silentLog } from '../../../server/test/silent-log.ts';
import { endlessBias } from './prompts.ts';

/** What the parent asks for: this many tokens after this prompt. */
export interface BareLoopRequest {
  readonly prompt: string;
  readonly answerTokens: number;
}

/** Or: an answer of so many tokens to each of these, as many at once. */
export interface BareLoopBatch {
  readonly prompts: readonly string[];
  readonly answerTokens: number;
  readonly atOnce: number;
}

export interface BareLoopSize {
  readonly modelPath: string;
  readonly threads: number;
  readonly slots: number;
  readonly contextTokens: number;
  /** Of the model's manifest: tokens are chosen as for a request that names a temperature of 0 and the same bias. */
  readonly engineOptions: Readonly<Record<string, string | number | boolean>>;
}

/**
 * The engine's loop without anything around it: no HTTP, no events, no text. A process of its own, because the loop
 * must run under the same conditions (one libuv thread) as in a model worker.
 */
const size = JSON.parse(process.argv[2] ?? '') as BareLoopSize;
const chunkTokens = 64;
const sampling = {
  ...samplingDefaults(size.engineOptions),
  temperature: 0,
  logitBias: new Map(Object.entries(endlessBias).map(([token, bias]) => [Number(token), bias])),
  seed: 1,
};
const { engine, vocabulary } = await loadLlama({
  ...size,
  chunkTokens,
  kvCache: 'f16',
  adapters: [],
  log: silentLog,
  onProgress: () => {},
});
const scheduler = createSlotScheduler({
  engine,
  slots: size.slots,
  contextTokens: size.contextTokens,
  chunkTokens,
  queueLimit: 16,
  vocabulary: { ...vocabulary, isEnd: () => false },
  log: silentLog,
});
process.on('message', (asked: BareLoopRequest | BareLoopBatch) => {
  const begunAt = performance.now();
  const seconds = () => (performance.now() - begunAt) / 1000;
  const measured =
    'prompts' in asked
      ? answerAll(asked).then(() => ({ requestsPerSecond: asked.prompts.length / seconds() }))
      : answer(asked.prompt, asked.answerTokens).then((tokens) => ({ tokensPerSecond: tokens / seconds() }));
  measured.then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});

async function answerAll({ prompts, answerTokens, atOnce }: BareLoopBatch): Promise<void> {
  const left = [...prompts];
  const one = async (): Promise<void> => {
    for (let prompt = left.shift(); prompt !== undefined; prompt = left.shift())
      await answer(prompt, answerTokens);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

/** Resolves with the number of tokens of the answer. */
function answer(prompt: string, maxTokens: number): Promise<number> {
  return new Promise((resolve, reject) => {
    scheduler.submit([
      {
        priority: 'interactive',
        deadline: null,
        prompt: vocabulary.encodePrompt(prompt),
        maxTokens,
        reproducible: false,
        topLogprobs: null,
        continuations: null,
        sampling,
        grammar: null,
        triggeredGrammar: null,
        onPiece: () => true,
        onEnd: (end) => resolve(end.answerTokens),
        onError: reject,
        isPaused: () => false,
      },
    ]);
  });
}

process.send?.({ ready: true });
