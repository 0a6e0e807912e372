import { defaultSampling } from '../../../server/src/engines/language-worker/sampling-options.ts';
import { loadLlama } from '../../../server/src/engines/llama-cpp/load-llama.ts';
import { createSlotScheduler } from '../../../server/src/engines/llama-cpp/scheduler/slot-scheduler.ts';
import { silentLog } from '../../../server/test/silent-log.ts';

/** What the parent asks for: this many tokens after this prompt. */
export interface BareLoopRequest {
  readonly prompt: string;
  readonly answerTokens: number;
}

export interface BareLoopSize {
  readonly modelPath: string;
  readonly threads: number;
  readonly slots: number;
  readonly contextTokens: number;
}

/**
 * The engine's loop without anything around it: no HTTP, no events, no text. A process of its own, because the loop
 * must run under the same conditions (one libuv thread) as in a model worker.
 */
const size = JSON.parse(process.argv[2] ?? '') as BareLoopSize;
const chunkTokens = 64;
const { engine, vocabulary } = await loadLlama({
  ...size,
  batchTokens: chunkTokens + size.slots,
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
process.on('message', (request: BareLoopRequest) => {
  const begunAt = performance.now();
  scheduler.submit([
    {
      priority: 'interactive',
      deadline: null,
      prompt: vocabulary.encodePrompt(request.prompt),
      maxTokens: request.answerTokens,
      reproducible: false,
      topLogprobs: null,
      continuations: null,
      sampling: { ...defaultSampling, temperature: 0, logitBias: new Map(), seed: 1 },
      grammar: null,
      triggeredGrammar: null,
      onPiece: () => true,
      onEnd: (end) =>
        process.send?.({ tokensPerSecond: (end.answerTokens / (performance.now() - begunAt)) * 1000 }),
      onError: (error) => process.send?.({ error: error.message }),
      isPaused: () => false,
    },
  ]);
});
process.send?.({ ready: true });
