import { SamovarError } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/ports/log.ts';
import { checkTask } from '../../language-worker/generation/check-task.ts';
import { createTaskQueue, refuseWhenFull } from '../../language-worker/generation/task-queue.ts';
import type { TextGenerator } from '../../language-worker/generation/text-generator.ts';
import type { Vocabulary } from '../../language-worker/vocabulary.ts';
import type { LlamaEngine } from '../llama-native.ts';
import { createAdmission } from './admission.ts';
import { isHeldBack, type PlannedStep, planStep } from './plan-step.ts';
import { createPrefillBudget } from './prefill-budget.ts';
import { createSlot, runs } from './slot.ts';
import { forgetAfter, remember } from './slot-memory.ts';
import { createSlotRun } from './slot-run.ts';

export interface SlotSchedulerOptions {
  readonly engine: LlamaEngine;
  readonly slots: number;
  readonly contextTokens: number;
  /** Largest piece of a prompt in one step: how soon a cancellation or a new stream gets its turn. */
  readonly chunkTokens: number;
  /** Tasks of each priority that may wait for a slot. */
  readonly queueLimit: number;
  readonly vocabulary: Vocabulary;
  readonly log: Log;
}

/** Background prompts are read in pieces of this part of a chunk, so that an arrival hardly waits for one. */
const backgroundPart = 8;
/** For so long may interactive prompts that follow one another hold background work back. */
const patienceMs = 1000;

/**
 * Runs tasks on the slots of one context, many at a time, one batch after another. Interactive tasks never wait for
 * background ones: they take their slots, and while an interactive prompt is read, background work stands still.
 */
export function createSlotScheduler(options: SlotSchedulerOptions): TextGenerator {
  const { engine, chunkTokens, contextTokens } = options;
  const pieceTokens = { interactive: chunkTokens, background: Math.ceil(chunkTokens / backgroundPart) };
  const slots = Array.from({ length: options.slots }, (_, index) =>
    createSlot(index, contextTokens, chunkTokens),
  );
  const queue = createTaskQueue();
  const budget = createPrefillBudget({ chunkTokens, leastTokens: pieceTokens.background });
  const run = createSlotRun(options);
  const admission = createAdmission({ ...options, slots, queue, run, pieceTokens });
  let heldSince: number | null = null;
  let stopped = false;
  let loop: Promise<void> | null = null;
  let wakeUp: () => void = () => undefined;

  const busy = () => slots.filter((slot) => slot.active !== null).length;

  const step = async (plan: PlannedStep) => {
    const begunAt = performance.now();
    let positions: readonly Uint32Array[];
    try {
      const decoded = engine.decode(plan.entries);
      run.tell();
      positions = await decoded;
    } catch (cause) {
      options.log.error(
        { err: cause },
        'a decode failed: its requests end with an error, their slots are cleared',
      );
      for (const { of: slot } of plan.entries) {
        run.fail(slot, new SamovarError('engine.failed', { cause }));
        forgetAfter(engine, slot, 0);
      }
      return;
    }
    budget.observe({ ...plan, durationMs: performance.now() - begunAt });
    for (const entry of plan.entries) remember(entry, plan.entries.length === 1);
    await run.takeTokens(plan.entries, positions);
  };

  /** The next step; background work that was held back for long gets one. */
  const nextStep = (): PlannedStep | null => {
    const now = performance.now();
    heldSince = isHeldBack(slots) ? (heldSince ?? now) : null;
    if (heldSince === null || now - heldSince < patienceMs) return planStep(slots, budget, false);
    heldSince = now;
    return planStep(slots, budget, true);
  };

  const work = async () => {
    for (;;) {
      for (const slot of slots) run.endIfCancelled(slot);
      if (stopped) break;
      admission.admit();
      const plan = nextStep();
      if (plan !== null) {
        await step(plan);
        continue;
      }
      if (run.tell()) continue;
      if (busy() === 0) return;
      // Every reader is behind: wait until one caught up, left, or a new task came.
      await new Promise<void>((resolve) => {
        wakeUp = resolve;
      });
    }
    run.tell();
  };

  const start = () => {
    wakeUp();
    loop ??= work()
      .catch((error: unknown) => {
        options.log.error({ err: error }, 'the scheduler failed: all running requests end with an error');
        run.tell();
        for (const slot of slots) {
          run.fail(slot, new SamovarError('engine.failed', { cause: error }));
          forgetAfter(engine, slot, 0);
        }
      })
      .finally(() => {
        loop = null;
        if (!stopped && queue.length > 0) start();
      });
  };

  return {
    get activeTasks() {
      return busy();
    },
    get queuedTasks() {
      return queue.length;
    },
    compileGrammar: (gbnf) => engine.compileGrammar(gbnf),
    submit(tasks) {
      if (stopped) throw new SamovarError('system.draining');
      for (const task of tasks) checkTask(task, contextTokens);
      refuseWhenFull(queue, tasks, {
        limit: options.queueLimit,
        freeSlots: slots.length - busy(),
        yieldingSlots: slots.filter((slot) => runs(slot, 'background')).length,
      });
      for (const task of tasks)
        queue.add(task, () => task.onError(new SamovarError('engine.deadline_passed')));
      start();
    },
    submitNext(task) {
      queue.addFirst(task);
      start();
    },
    cancel(task) {
      if (queue.remove(task)) {
        const aside = admission.takeAside(task);
        if (aside !== null) run.end(aside, 'cancelled');
        else task.onEnd({ reason: 'cancelled', promptTokens: 0, cachedTokens: 0, answerTokens: 0 });
      }
      for (const slot of slots) if (slot.active?.task === task) slot.active.cancelled = true;
      wakeUp();
    },
    wake: () => wakeUp(),
    async stop() {
      stopped = true;
      for (const task of queue.drain()) {
        const aside = admission.takeAside(task);
        if (aside !== null) run.abandon(aside, new SamovarError('system.draining'));
        else task.onError(new SamovarError('system.draining'));
      }
      wakeUp();
      await loop;
      for (const slot of slots) run.fail(slot, new SamovarError('system.draining'));
    },
  };
}
