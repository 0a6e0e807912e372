import { SamovarError } from '../../kernel/errors.ts';
import { askModel, type ModelAnswer } from './ask-model.ts';
import type { BoundedCache } from './bounded-cache.ts';
import { contentFreeText, labelContinuation, likelihoodPrompt } from './likelihood-prompt.ts';
import type { Method } from './method.ts';
import { softmax } from './softmax.ts';
import { taskKey } from './task-key.ts';

/**
 * For models that generate: the mean log-probability of each label's tokens behind the prompt, less that behind the
 * prompt with a content-free text (contextual calibration: Zhao et al. 2021, "Calibrate Before Use"), as a softmax.
 * Calibrations are kept: the first call of a task evaluates two prompts, in one request, and the others one.
 */
export function createLikelihoodMethod(calibrations: BoundedCache<readonly number[]>): Method {
  return async ({ start, request, task: given, model, signal }) => {
    // In one order, whatever the caller's: neither the prompt nor the outcome depends on it.
    const task = { ...given, labels: given.labels.toSorted() };
    const key = model === null ? null : taskKey(model, task);
    const kept = key === null ? undefined : calibrations.get(key);
    const texts = kept === undefined ? [contentFreeText, task.text] : [task.text];
    const body = {
      prompts: texts.map((text) => likelihoodPrompt(task, text)),
      continuations: task.labels.map(labelContinuation),
      plain: true,
    };
    const answered = await askModel(start, { ...request, workerPath: '/score', task: 'chat', body }, signal);
    const scored = readScores(answered, texts.length, task.labels.length);
    const scores = scored.at(-1) ?? [];
    const calibration = kept ?? scored[0] ?? [];
    if (kept === undefined && key !== null) calibrations.set(key, calibration, calibration.length);
    const confidences = softmax(scores.map((score, place) => score - (calibration[place] ?? 0)));
    const byLabel = new Map(task.labels.map((label, place) => [label, confidences[place] ?? 0]));
    return { answered, confidences: given.labels.map((label) => byLabel.get(label) ?? 0) };
  };
}

/** Mean log-probability of a token, by prompt and label. Throws `engine.failed` when the answer is none. */
function readScores({ answer }: ModelAnswer, prompts: number, labels: number): number[][] {
  const lists = listOf(answer.scores, prompts);
  return lists.map((list) =>
    listOf(list, labels).map((score) => {
      if (!isScore(score)) throw noScores();
      return score.logprob / Math.max(1, score.tokens);
    }),
  );
}

function listOf(value: unknown, length: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== length) throw noScores();
  return value;
}

function isScore(value: unknown): value is { readonly logprob: number; readonly tokens: number } {
  return (
    value !== null &&
    typeof value === 'object' &&
    'logprob' in value &&
    'tokens' in value &&
    Number.isFinite(value.logprob) &&
    Number.isFinite(value.tokens)
  );
}

function noScores(): SamovarError {
  return new SamovarError('engine.failed', {
    cause: new Error('the worker gave no score for each prompt and label'),
  });
}
