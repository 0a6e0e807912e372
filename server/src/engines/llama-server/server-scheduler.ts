import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { checkTask } from '../language-worker/generation/check-task.ts';
import { chooseSlot } from '../language-worker/generation/choose-slot.ts';
import type { CompiledGrammar, GenerationTask } from '../language-worker/generation/generation-task.ts';
import { createTaskQueue, refuseWhenFull } from '../language-worker/generation/task-queue.ts';
import type { TextGenerator } from '../language-worker/generation/text-generator.ts';
import { unsupportedTogether } from '../language-worker/unsupported-together.ts';
import { type ActiveRun, createServerSlot, type ServerSlot } from './server-slot.ts';
import { createSlotRun, type SlotRunOptions } from './slot-run.ts';

export interface ServerSchedulerOptions extends SlotRunOptions {
  readonly slots: number;
  /** llama-server's number of the first of these slots; others belong to others. */
  readonly firstSlot: number;
  /** Tasks of each priority that may wait for a slot. */
  readonly queueLimit: number;
  compileGrammar(gbnf: string): Promise<CompiledGrammar>;
  readonly log: Log;
}

/** Runs tasks in the slots of a llama-server, each in the one that holds most of its prompt already. */
export function createServerScheduler(options: ServerSchedulerOptions): TextGenerator {
  const { chunkTokens, contextTokens, log } = options;
  const slots = Array.from({ length: options.slots }, (_, index) =>
    createServerSlot(options.firstSlot + index, contextTokens, chunkTokens),
  );
  const queue = createTaskQueue();
  const execute = createSlotRun(options);
  const runs = new Set<Promise<void>>();
  let uses = 0;
  let stopped = false;

  const activeRuns = () => slots.flatMap(({ active }) => (active === null ? [] : [active]));

  /** A running request cannot be set aside here: background ones leave a slot to the next interactive one. */
  const mostBackground = Math.max(1, slots.length - 1);

  const mayBegin = ({ priority }: GenerationTask) =>
    priority === 'interactive' ||
    activeRuns().filter(({ task }) => task.priority === 'background').length < mostBackground;

  const admit = () => {
    for (let task = queue.peek(); task !== null && !stopped; task = queue.peek()) {
      const slot = mayBegin(task) ? chooseSlot(slots, task, chunkTokens) : null;
      if (slot === null) return;
      queue.remove(task);
      begin(slot, task);
    }
  };

  const begin = (slot: ServerSlot, task: GenerationTask) => {
    const others = activeRuns();
    for (const other of others) other.disturbed = true;
    uses += 1;
    slot.lastUse = uses;
    const run: ActiveRun = {
      task,
      abort: new AbortController(),
      cancelled: false,
      disturbed: others.length > 0,
      resume: () => undefined,
    };
    slot.active = run;
    const done = runInSlot(slot, run).finally(() => runs.delete(done));
    runs.add(done);
  };

  const runInSlot = async (slot: ServerSlot, run: ActiveRun): Promise<void> => {
    let tell: () => void;
    try {
      const end = await execute(slot, run);
      tell = () => run.task.onEnd(end);
    } catch (cause) {
      slot.length = 0;
      slot.exactTokens = 0;
      tell = () => run.task.onError(whyFailed(run, cause));
    }
    // What ended early goes on in llama-server until its connection is seen closed.
    run.abort.abort();
    slot.active = null;
    try {
      tell();
    } catch (err) {
      log.error({ err }, 'a request failed while it was answered');
    }
    admit();
  };

  const whyFailed = (run: ActiveRun, cause: unknown): SamovarError => {
    if (stopped) return new SamovarError('system.draining');
    if (cause instanceof SamovarError) return cause;
    log.error(
      { err: cause, cancelled: run.cancelled },
      'llama-server failed: the request ends with an error',
    );
    return new SamovarError('engine.failed', { cause });
  };

  return {
    get activeTasks() {
      return activeRuns().length;
    },
    get queuedTasks() {
      return queue.length;
    },
    compileGrammar: options.compileGrammar,
    submit(tasks) {
      if (stopped) throw new SamovarError('system.draining');
      for (const task of tasks) {
        checkTask(task, contextTokens);
        refuseUnsupported(task);
      }
      const freeSlots = slots.length - activeRuns().length;
      refuseWhenFull(queue, tasks, { limit: options.queueLimit, freeSlots, yieldingSlots: 0 });
      for (const task of tasks)
        queue.add(task, () => task.onError(new SamovarError('engine.deadline_passed')));
      admit();
    },
    submitNext(task) {
      queue.addFirst(task);
      admit();
    },
    cancel(task) {
      if (queue.remove(task))
        task.onEnd({ reason: 'cancelled', promptTokens: 0, cachedTokens: 0, answerTokens: 0 });
      for (const run of activeRuns()) if (run.task === task) endEarly(run);
    },
    wake() {
      for (const run of activeRuns()) run.resume();
    },
    async stop() {
      stopped = true;
      for (const task of queue.drain()) task.onError(new SamovarError('system.draining'));
      for (const run of activeRuns()) {
        run.abort.abort();
        run.resume();
      }
      await Promise.all(runs);
    },
  };
}

function endEarly(run: ActiveRun): void {
  run.cancelled = true;
  run.abort.abort();
  run.resume();
}

/** With a grammar only a stream keeps its state, and in a stream llama-server does not tell every token. */
function refuseUnsupported({ topLogprobs, grammar, triggeredGrammar }: GenerationTask): void {
  if (topLogprobs === null || (grammar === null && triggeredGrammar === null)) return;
  throw unsupportedTogether('logprobs', 'response_format', 'tools');
}
