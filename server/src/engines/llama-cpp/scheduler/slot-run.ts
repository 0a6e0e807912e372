import { SamovarError } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/ports/log.ts';
import type { GenerationEnd, GenerationTask } from '../../language-worker/generation/generation-task.ts';
import type { RawLogprobs } from '../../language-worker/generation/raw-logprobs.ts';
import type { Vocabulary } from '../../language-worker/vocabulary.ts';
import type { LlamaEngine } from '../llama-native.ts';
import { createLazyGrammar, type LazyGrammar } from './lazy-grammar.ts';
import type { PlannedStep } from './plan-step.ts';
import type { ActiveTask, Slot } from './slot.ts';

export interface SlotRunOptions {
  readonly engine: LlamaEngine;
  readonly contextTokens: number;
  readonly vocabulary: Vocabulary;
  readonly log: Log;
}

interface SampledToken {
  readonly slot: Slot;
  readonly active: ActiveTask;
  readonly token: number;
  readonly logprobs: RawLogprobs | null;
}

/** The life of a task in its slot: begun, fed with tokens, ended once. */
export function createSlotRun({ engine, contextTokens, vocabulary, log }: SlotRunOptions) {
  const release = (slot: Slot): ActiveTask | null => {
    const active = slot.active;
    slot.active = null;
    active?.sampler.dispose();
    return active;
  };

  const finish = (slot: Slot, reason: GenerationEnd['reason']) => {
    const active = release(slot);
    if (active === null) return;
    const { task, cachedTokens, answerTokens } = active;
    guard(slot, task, () =>
      task.onEnd({ reason, promptTokens: task.prompt.length, cachedTokens, answerTokens }),
    );
  };

  const fail = (slot: Slot, error: SamovarError) => {
    const active = release(slot);
    if (active !== null) guard(slot, active.task, () => active.task.onError(error));
  };

  /** A fault in one request's own code ends that request, not the others. */
  const guard = (slot: Slot, task: GenerationTask, callback: () => void) => {
    try {
      callback();
    } catch (cause) {
      log.error({ err: cause }, 'a request failed while it was answered');
      if (slot.active?.task === task) fail(slot, new SamovarError('engine.failed', { cause }));
    }
  };

  const score = async ({ of: slot, ...entry }: PlannedStep['entries'][number], positions: Uint32Array) => {
    const task = slot.active?.task;
    if (task === undefined || task.scoreFrom === null) return;
    for (const [at, index] of entry.logitsAt.entries()) {
      const next = entry.firstPosition + index + 1;
      const token = task.prompt[next];
      const position = positions[at];
      if (token === undefined || position === undefined || next < task.scoreFrom) continue;
      task.onPromptLogprob(next, (await engine.rawLogprobs(slot.index, position, token, 0)).chosen);
    }
  };

  const sample = async (slot: Slot, position: number | undefined): Promise<SampledToken | null> => {
    const active = slot.active;
    if (active === null || active.cancelled || position === undefined) return null;
    if (slot.length < active.task.prompt.length || limitOf(active) === 0) return null;
    const token = await active.sampler.sample(position, active.answer.subarray(0, active.answerTokens));
    const wanted = active.task.topLogprobs;
    const logprobs =
      wanted === null || token < 0 ? null : await engine.rawLogprobs(slot.index, position, token, wanted);
    return { slot, active, token, logprobs };
  };

  const limitOf = ({ task }: ActiveTask) => Math.min(task.maxTokens, contextTokens - task.prompt.length);

  const accept = ({ slot, active, token, logprobs }: SampledToken) => {
    if (active.cancelled || slot.active !== active) return;
    if (token < 0) return fail(slot, new SamovarError('engine.failed', { cause: 'no token is allowed' }));
    if (vocabulary.isEnd(token)) return finish(slot, 'end');
    active.answer[active.answerTokens] = token;
    active.answerTokens += 1;
    active.lazyGrammar?.watch(token, active.sampler);
    guard(slot, active.task, () => {
      if (!active.task.onPiece({ token, logprobs, untold: null })) finish(slot, 'stopped');
      else if (active.answerTokens >= limitOf(active)) finish(slot, 'length');
    });
  };

  const lazyGrammarOf = ({ triggeredGrammar }: GenerationTask): LazyGrammar | null => {
    if (triggeredGrammar === null) return null;
    const { trigger, grammar } = triggeredGrammar;
    return createLazyGrammar(trigger, engine.createGrammarState(grammar), vocabulary);
  };

  return {
    finish,
    fail,
    begin(slot: Slot, task: GenerationTask, cachedTokens: number) {
      const limit = Math.max(0, Math.min(task.maxTokens, contextTokens - task.prompt.length));
      slot.active = {
        task,
        sampler: engine.createSampler(
          task.sampling,
          task.grammar === null ? null : engine.createGrammarState(task.grammar),
        ),
        lazyGrammar: lazyGrammarOf(task),
        cachedTokens,
        answer: new Uint32Array(limit),
        answerTokens: 0,
        cancelled: false,
      };
    },
    endIfCancelled(slot: Slot) {
      if (slot.active?.cancelled === true) finish(slot, 'cancelled');
    },
    /** Samples where a decode gave logits; all tokens of a step are handed on together. */
    async takeTokens(entries: PlannedStep['entries'], positions: readonly Uint32Array[]) {
      const sampled = await Promise.all(
        entries.map(async (entry, index) => {
          try {
            await score(entry, positions[index] ?? new Uint32Array(0));
            return await sample(entry.of, positions[index]?.at(-1));
          } catch (cause) {
            log.error({ err: cause }, 'sampling failed: the request ends with an error');
            fail(entry.of, new SamovarError('engine.failed', { cause }));
            return null;
          }
        }),
      );
      for (const token of sampled) if (token !== null) accept(token);
      for (const { of: slot } of entries) {
        const active = slot.active;
        if (active !== null && limitOf(active) === 0 && slot.length >= active.task.prompt.length)
          finish(slot, 'length');
      }
    },
  };
}
