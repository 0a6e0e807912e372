import { SamovarError } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/ports/log.ts';
import { reusableTokens } from '../../language-worker/generation/cached-slot.ts';
import { checkTask } from '../../language-worker/generation/check-task.ts';
import { chooseSlot } from '../../language-worker/generation/choose-slot.ts';
import { createTaskQueue } from '../../language-worker/generation/task-queue.ts';
import type { TextGenerator } from '../../language-worker/generation/text-generator.ts';
import type { Vocabulary } from '../../language-worker/vocabulary.ts';
import type { LlamaEngine } from '../llama-native.ts';
import { type PlannedStep, planStep } from './plan-step.ts';
import { createPrefillBudget } from './prefill-budget.ts';
import { createSlot, type Slot } from './slot.ts';
import { createSlotRun } from './slot-run.ts';

export interface SlotSchedulerOptions {
  readonly engine: LlamaEngine;
  readonly slots: number;
  readonly contextTokens: number;
  /** Largest piece of a prompt in one step: how soon a cancellation or a new stream gets its turn. */
  readonly chunkTokens: number;
  /** Tasks that may wait for a slot. */
  readonly queueLimit: number;
  readonly vocabulary: Vocabulary;
  readonly log: Log;
}

/** Runs tasks on the slots of one context, many at a time, one batch after another. */
export function createSlotScheduler(options: SlotSchedulerOptions): TextGenerator {
  const { engine, chunkTokens, contextTokens } = options;
  const slots = Array.from({ length: options.slots }, (_, index) => createSlot(index, contextTokens));
  const queue = createTaskQueue();
  const budget = createPrefillBudget(chunkTokens);
  const run = createSlotRun({ ...options });
  let uses = 0;
  let stopped = false;
  let loop: Promise<void> | null = null;
  let wakeUp: () => void = () => undefined;

  const free = () => slots.filter((slot) => slot.active === null).length;

  const admit = () => {
    for (let task = queue.peek(); task !== null; task = queue.peek()) {
      const slot = chooseSlot(slots, task, chunkTokens);
      if (slot === null) return;
      queue.remove(task);
      uses += 1;
      slot.lastUse = uses;
      try {
        run.begin(slot, task, forgetAfter(slot, reusableTokens(slot, task, chunkTokens)));
      } catch (cause) {
        options.log.error({ err: cause }, 'a request could not begin');
        task.onError(new SamovarError('engine.failed', { cause }));
      }
    }
  };

  /** Keeps the first `keep` tokens of a slot; returns how many are really kept. */
  const forgetAfter = (slot: Slot, keep: number): number => {
    const kept = engine.truncate(slot.index, keep) ? keep : 0;
    if (kept !== keep) engine.truncate(slot.index, 0);
    slot.length = kept;
    slot.exactTokens = Math.min(slot.exactTokens, kept - (kept % chunkTokens));
    return kept;
  };

  const step = async (plan: PlannedStep) => {
    const begunAt = performance.now();
    let positions: readonly Uint32Array[];
    try {
      positions = await engine.decode(plan.entries);
    } catch (cause) {
      options.log.error(
        { err: cause },
        'a decode failed: its requests end with an error, their slots are cleared',
      );
      for (const { of: slot } of plan.entries) {
        run.fail(slot, new SamovarError('engine.failed', { cause }));
        forgetAfter(slot, 0);
      }
      return;
    }
    budget.observe({ ...plan, durationMs: performance.now() - begunAt });
    for (const entry of plan.entries) advance(entry, plan.entries.length === 1, chunkTokens);
    await run.takeTokens(plan.entries, positions);
  };

  const work = async () => {
    for (;;) {
      for (const slot of slots) run.endIfCancelled(slot);
      if (stopped) return;
      admit();
      const plan = planStep(slots, chunkTokens, budget.tokensBeside);
      if (plan !== null) {
        await step(plan);
        continue;
      }
      if (free() === slots.length) return;
      // Every reader is behind: wait until one caught up, left, or a new task came.
      await new Promise<void>((resolve) => {
        wakeUp = resolve;
      });
    }
  };

  const start = () => {
    wakeUp();
    loop ??= work()
      .catch((error: unknown) => {
        options.log.error({ err: error }, 'the scheduler failed: all running requests end with an error');
        for (const slot of slots) {
          run.fail(slot, new SamovarError('engine.failed', { cause: error }));
          forgetAfter(slot, 0);
        }
      })
      .finally(() => {
        loop = null;
        if (!stopped && queue.length > 0) start();
      });
  };

  return {
    get activeTasks() {
      return slots.length - free();
    },
    get queuedTasks() {
      return queue.length;
    },
    compileGrammar: (gbnf) => engine.compileGrammar(gbnf),
    submit(tasks) {
      if (stopped) throw new SamovarError('system.draining');
      for (const task of tasks) checkTask(task, contextTokens);
      if (queue.length - free() >= options.queueLimit)
        throw new SamovarError('engine.busy', { retryAfterSeconds: 1 });
      for (const task of tasks)
        queue.add(task, () => task.onError(new SamovarError('engine.deadline_passed')));
      start();
    },
    submitNext(task) {
      queue.addFirst(task);
      start();
    },
    cancel(task) {
      if (queue.remove(task))
        task.onEnd({ reason: 'cancelled', promptTokens: 0, cachedTokens: 0, answerTokens: 0 });
      for (const slot of slots) if (slot.active?.task === task) slot.active.cancelled = true;
      wakeUp();
    },
    wake: () => wakeUp(),
    async stop() {
      stopped = true;
      for (const task of queue.drain()) task.onError(new SamovarError('system.draining'));
      wakeUp();
      await loop;
      for (const slot of slots) run.fail(slot, new SamovarError('system.draining'));
    },
  };
}

/** Records what a finished decode put into a slot's cache. */
function advance(entry: PlannedStep['entries'][number], alone: boolean, chunkTokens: number): void {
  const { of: slot, tokens } = entry;
  slot.tokens.set(tokens, slot.length);
  const prompting = slot.active !== null && slot.active.answerTokens === 0;
  if (alone && prompting && slot.exactTokens === slot.length && tokens.length === chunkTokens)
    slot.exactTokens += chunkTokens;
  slot.length += tokens.length;
}
