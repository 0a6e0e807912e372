import { SamovarError } from '../../../kernel/errors.ts';
import { type Answer, AnswerTooSlow, type AskedModel, type Question } from '../asked-model.ts';
import type { SpeedWish } from '../model-check.ts';
import type { SpeedLevel } from './speed-level.ts';
import { textOfWords } from './text-of-words.ts';

/** A level is measured for about so long, and each of its callers asks at least once and at most so often. */
const levelMs = 15_000;
const mostRounds = 6;
/** A request takes no longer, however slow the machine is. */
const requestMs = 300_000;

/**
 * Measures a model with one level of parallelism after the other: chat models by streams, embedding models by single
 * texts. Throws when no request of a level is answered.
 */
export async function measureSpeed(
  asked: AskedModel,
  wish: SpeedWish,
  tell: (done: number, of: number, step: string) => Promise<void>,
): Promise<SpeedLevel[]> {
  const { parallel } = wish;
  await tell(0, parallel.length, 'warming up');
  // Loads the model where it is not, and fills caches that the first request of all would pay for.
  await asked.ask(questionOf(asked, { ...wish, outputTokens: 1 }));
  const levels: SpeedLevel[] = [];
  for (const [index, level] of parallel.entries()) {
    await tell(index, parallel.length, `${level} at a time`);
    levels.push(await measureLevel(asked, wish, level));
  }
  return levels;
}

async function measureLevel(asked: AskedModel, wish: SpeedWish, parallel: number): Promise<SpeedLevel> {
  const beganAt = performance.now();
  const answers: Answer[] = [];
  const errors: unknown[] = [];
  const caller = async (): Promise<void> => {
    for (let round = 0; round < mostRounds; round += 1) {
      if (round > 0 && performance.now() - beganAt > levelMs) return;
      try {
        answers.push(await asked.ask(questionOf(asked, wish)));
      } catch (error) {
        if (!(error instanceof SamovarError) && !(error instanceof AnswerTooSlow)) throw error;
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, caller));
  if (answers.length === 0) throw errors[0];
  return levelOf(asked, { parallel, answers, failures: errors.length, wallMs: performance.now() - beganAt });
}

interface Measured {
  readonly parallel: number;
  readonly answers: readonly Answer[];
  readonly failures: number;
  readonly wallMs: number;
}

function levelOf({ model }: AskedModel, { parallel, answers, failures, wallMs }: Measured): SpeedLevel {
  const sum = (value: (answer: Answer) => number) => answers.reduce((total, each) => total + value(each), 0);
  const inputTokens = sum(({ counts }) => counts.inputTokens);
  const outputTokens = sum(({ counts }) => counts.outputTokens);
  const isChat = model.task === 'chat';
  const perSecond = (count: number) => round((count * 1000) / wallMs);
  const first = answers.map(({ firstMs, totalMs }) => firstMs ?? totalMs).sort((a, b) => a - b);
  return {
    parallel,
    requests: answers.length,
    failures,
    inputTokens,
    outputTokens,
    tokensPerSecond: perSecond(isChat ? outputTokens : inputTokens),
    tokensPerSecondEach: isChat ? speedOfOne(answers) : null,
    textsPerSecond: isChat ? null : perSecond(answers.length),
    firstTokenMs: { p50: round(at(first, 0.5)), p95: round(at(first, 0.95)) },
  };
}

/** The middle one of the requests, from the first token to the last; `null` where all were too short to tell. */
function speedOfOne(answers: readonly Answer[]): number | null {
  const speeds = answers
    .flatMap(({ firstMs, lastMs, counts }) =>
      firstMs !== null && lastMs !== null && lastMs > firstMs && counts.outputTokens > 1
        ? [((counts.outputTokens - 1) * 1000) / (lastMs - firstMs)]
        : [],
    )
    .sort((a, b) => a - b);
  return speeds.length === 0 ? null : round(at(speeds, 0.5));
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function questionOf({ model }: AskedModel, { promptTokens, outputTokens }: SpeedWish): Question {
  const text = textOfWords(promptTokens);
  if (model.task === 'embedding')
    return { path: '/v1/embeddings', body: { input: text, encoding_format: 'float' }, limitMs: requestMs };
  const content = `${text}\nWrite a long story with these words.`;
  const messages = [{ role: 'user', content }];
  return {
    path: '/v1/chat/completions',
    body: { messages, max_tokens: outputTokens, temperature: 0.7 },
    stream: true,
    limitMs: requestMs,
  };
}
