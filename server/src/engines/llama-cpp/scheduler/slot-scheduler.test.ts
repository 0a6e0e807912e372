import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testModel } from '../../../../test/models.ts';
import { silentLog } from '../../../../test/silent-log.ts';
import type {
  GeneratedPiece,
  GenerationEnd,
  GenerationTask,
} from '../../language-worker/generation/generation-task.ts';
import { defaultSampling } from '../../language-worker/sampling-options.ts';
import { loadLlama } from '../load-llama.ts';
import { createSlotScheduler } from './slot-scheduler.ts';

const { files } = await testModel('smollm2-135m-instruct');
const modelPath = Object.entries(files).find(([name]) => name.endsWith('.gguf'))?.[1] ?? '';
const size = { slots: 2, contextTokens: 256, chunkTokens: 32 };
const loaded = await loadLlama({
  ...{ modelPath, threads: 1, kvCache: 'f16', adapters: [], log: silentLog, onProgress: () => undefined },
  ...size,
});
after(() => loaded.dispose());

let steps = 0;
let computing = false;
const scheduler = createSlotScheduler({
  ...size,
  engine: {
    ...loaded.engine,
    async decode(entries) {
      steps += 1;
      computing = true;
      const positions = await loaded.engine.decode(entries);
      computing = false;
      return positions;
    },
  },
  queueLimit: 8,
  vocabulary: { ...loaded.vocabulary, isEnd: () => false },
  log: silentLog,
});
after(() => scheduler.stop());

interface Answer {
  readonly tokens: readonly number[];
  /** Pieces that were told while the engine computed. */
  readonly toldBeside: number;
  readonly end: GenerationEnd;
}

function answer(
  prompt: string,
  maxTokens: number,
  onPiece: (piece: GeneratedPiece, tokens: number) => boolean = () => true,
  priority: GenerationTask['priority'] = 'interactive',
): Promise<Answer> {
  const tokens: number[] = [];
  let toldBeside = 0;
  return new Promise((resolve, reject) => {
    scheduler.submit([
      {
        ...{
          priority,
          maxTokens,
          deadline: null,
          reproducible: false,
          topLogprobs: null,
          continuations: null,
        },
        prompt: loaded.vocabulary.encodePrompt(prompt),
        sampling: { ...defaultSampling, temperature: 0, logitBias: new Map(), seed: 1 },
        ...{ grammar: null, triggeredGrammar: null, isPaused: () => false },
        onPiece(piece) {
          tokens.push(piece.token);
          if (computing) toldBeside += 1;
          return onPiece(piece, tokens.length);
        },
        onEnd: (end) => resolve({ tokens, toldBeside, end }),
        onError: reject,
      },
    ]);
  });
}

test('a token is told while the engine computes the next one; the last is told at once', async () => {
  const { tokens, toldBeside, end } = await answer('The ship sailed', 12);
  assert.equal(tokens.length, 12);
  assert.equal(toldBeside, 11);
  assert.deepEqual(end, {
    reason: 'length',
    promptTokens: end.promptTokens,
    cachedTokens: 0,
    answerTokens: 12,
  });
});

test('an answer that is stopped has the tokens told until then and costs at most one step more', async () => {
  const whole = await answer('A garden in winter', 12);
  const before = steps;
  const stopped = await answer('A garden in winter', 12, (_, told) => told < 5);
  assert.deepEqual(stopped.tokens, whole.tokens.slice(0, 5));
  assert.equal(stopped.end.reason, 'stopped');
  assert.equal(stopped.end.answerTokens, 5);
  assert.ok(steps - before <= 6, `${steps - before} steps`);
  // The token that was on its way when the answer was stopped is in the cache, and misleads nobody.
  assert.deepEqual((await answer('A garden in winter', 12)).tokens, whole.tokens);
});

test('a piece that stops an answer at its last token says so', async () => {
  const { end } = await answer('Bread and', 3, (_, told) => told < 3);
  assert.equal(end.reason, 'stopped');
});

test('a fault in one request while its piece is told ends that request alone', async () => {
  const other = answer('The river', 20);
  const faulty = answer('The bridge', 20, (_, told) => {
    if (told === 4) throw new Error('a fault of this request');
    return true;
  });
  await assert.rejects(faulty, { code: 'engine.failed' });
  assert.equal((await other).tokens.length, 20);
});

test('background tasks that lose their slots have told every token once, whatever ended meanwhile', async () => {
  const alone = await answer('Letters from', 40, undefined, 'background');
  const background = [0, 1].map(() => answer('Letters from', 40, undefined, 'background'));
  const interactive: Promise<Answer>[] = [];
  for (let count = 0; count < 6; count += 1) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    interactive.push(answer(`Copper ${count}`, 8, (_, told) => told < 4 + count));
  }
  for (const { tokens, end } of await Promise.all(interactive)) assert.equal(tokens.length, end.answerTokens);
  for (const { tokens, end } of await Promise.all(background)) {
    assert.equal(end.answerTokens, 40);
    assert.deepEqual(tokens.slice(0, 8), alone.tokens.slice(0, 8));
    assert.equal(tokens.length, 40);
  }
});
