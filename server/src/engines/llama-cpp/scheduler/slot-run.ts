import { SamovarError } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/ports/log.ts';
import type { GenerationEnd, GenerationTask } from '../../language-worker/generation/generation-task.ts';
import type { RawLogprobs } from '../../language-worker/generation/raw-logprobs.ts';
import type { Vocabulary } from '../../language-worker/vocabulary.ts';
import type { LlamaEngine } from '../llama-native.ts';
import { createLazyGrammar, type LazyGrammar } from './lazy-grammar.ts';
import type { PlannedStep } from './plan-step.ts';
import { createScoreWalk } from './score-walk.ts';
import { type ActiveTask, type Slot, wantedLength } from './slot.ts';
import { forgetAfter } from './slot-memory.ts';

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

/**
 * The life of a task: begun, fed with tokens in its slot, ended once, there or set aside. What a step gave is told
 * when the engine has begun with the next one: text, events and sockets cost it no time.
 */
export function createSlotRun({ engine, contextTokens, vocabulary, log }: SlotRunOptions) {
  let untold: (() => void)[] = [];

  /** Ends a task that is in no slot (any more). */
  const end = (active: ActiveTask, reason: GenerationEnd['reason']) => {
    active.sampler.dispose();
    const { task, cachedTokens, answerTokens } = active;
    guard(() => task.onEnd({ reason, promptTokens: task.prompt.length, cachedTokens, answerTokens }));
  };

  const abandon = (active: ActiveTask, error: SamovarError) => {
    active.sampler.dispose();
    guard(() => active.task.onError(error));
  };

  const leave = (slot: Slot): ActiveTask | null => {
    const { active } = slot;
    slot.active = null;
    return active;
  };

  const finish = (slot: Slot, reason: GenerationEnd['reason']) => {
    const active = leave(slot);
    if (active !== null) end(active, reason);
  };

  const fail = (slot: Slot, error: SamovarError) => {
    const active = leave(slot);
    if (active !== null) abandon(active, error);
  };

  /** A fault in one request's own code ends that request, not the others; returns the fault. */
  const guard = (callback: () => void): unknown => {
    try {
      callback();
      return null;
    } catch (cause) {
      log.error({ err: cause }, 'a request failed while it was answered');
      return cause;
    }
  };

  /** Notes how likely the continuations of the walk's path are, as far as this piece of it tells. */
  const score = async ({ of: slot, ...entry }: PlannedStep['entries'][number], positions: Uint32Array) => {
    const walk = slot.active?.walk ?? null;
    if (walk === null) return;
    for (const [at, index] of entry.logitsAt.entries()) {
      const nodes = walk.nextOf(entry.firstPosition + index);
      const position = positions[at];
      if (nodes.length === 0 || position === undefined) continue;
      const tokens = nodes.map(({ token }) => token);
      const logprobs = await engine.logprobsOf(slot.index, position, tokens);
      for (const node of nodes) node.logprob = logprobs.get(node.token) ?? Number.NEGATIVE_INFINITY;
    }
  };

  const sample = async (slot: Slot, position: number | undefined): Promise<SampledToken | null> => {
    const { active } = slot;
    if (active === null || active.cancelled || position === undefined) return null;
    if (slot.length < wantedLength(active) || limitOf(active.task) === 0) return null;
    const token = await active.sampler.sample(position, active.answer.subarray(0, active.answerTokens));
    const wanted = active.task.topLogprobs;
    const logprobs =
      wanted === null || token < 0 ? null : await engine.rawLogprobs(slot.index, position, token, wanted);
    return { slot, active, token, logprobs };
  };

  const limitOf = ({ prompt, maxTokens }: GenerationTask) =>
    Math.max(0, Math.min(maxTokens, contextTokens - prompt.length));

  const accept = ({ slot, active, token, logprobs }: SampledToken) => {
    if (active.cancelled || slot.active !== active) return;
    if (token < 0) return fail(slot, new SamovarError('engine.failed', { cause: 'no token is allowed' }));
    if (vocabulary.isEnd(token)) {
      leave(slot);
      untold.push(() => end(active, 'end'));
      return;
    }
    active.answer[active.answerTokens] = token;
    active.answerTokens += 1;
    active.lazyGrammar?.watch(token, active.sampler);
    const last = active.answerTokens >= limitOf(active.task);
    if (last) leave(slot);
    untold.push(() => tellPiece({ slot, active, token, logprobs }, last));
  };

  /** A task that wants no more leaves its slot, in which one more token may be on its way: nobody samples after it. */
  const tellPiece = ({ slot, active, token, logprobs }: SampledToken, last: boolean) => {
    if (active.cancelled && !last) return;
    let goesOn = true;
    const cause = guard(() => {
      goesOn = active.task.onPiece({ token, logprobs, untold: null });
    });
    if (cause === null && goesOn && !last) return;
    if (slot.active === active) leave(slot);
    if (cause !== null) abandon(active, new SamovarError('engine.failed', { cause }));
    else end(active, goesOn ? 'length' : 'stopped');
  };

  /** Ends a task that samples nothing when all of it is evaluated; one with continuations goes on to the next. */
  const evaluated = (slot: Slot) => {
    const { active } = slot;
    if (active === null || limitOf(active.task) > 0 || slot.length < wantedLength(active)) return;
    if (active.walk?.advance() === true) forgetAfter(engine, slot, active.walk.lookFrom);
    else finish(slot, 'length');
  };

  const lazyGrammarOf = ({ triggeredGrammar }: GenerationTask): LazyGrammar | null => {
    if (triggeredGrammar === null) return null;
    const { trigger, grammar } = triggeredGrammar;
    return createLazyGrammar(trigger, engine.createGrammarState(grammar), vocabulary);
  };

  return {
    end,
    abandon,
    fail,
    leave,
    begin(task: GenerationTask, cachedTokens: number, exact: boolean): ActiveTask {
      const { sampling, grammar, continuations } = task;
      return {
        task,
        sampler: engine.createSampler(sampling, grammar === null ? null : engine.createGrammarState(grammar)),
        lazyGrammar: lazyGrammarOf(task),
        walk: continuations === null ? null : createScoreWalk(task.prompt, continuations),
        exact,
        cachedTokens,
        answer: new Uint32Array(limitOf(task)),
        answerTokens: 0,
        cancelled: false,
      };
    },
    endIfCancelled(slot: Slot) {
      if (slot.active?.cancelled === true) finish(slot, 'cancelled');
    },
    /** Hands on what the last step gave, all tokens together; false when there was nothing. */
    tell(): boolean {
      const told = untold;
      untold = [];
      for (const one of told) one();
      return told.length > 0;
    },
    /** Samples where a decode gave logits. What came of it is told by `tell`. */
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
      for (const { of: slot } of entries) evaluated(slot);
    },
  };
}
