import { SamovarError } from '../../../kernel/errors.ts';
import { reusableTokens, type WantedTokens } from '../../language-worker/generation/cached-slot.ts';
import { chooseSlot } from '../../language-worker/generation/choose-slot.ts';
import type { GenerationTask } from '../../language-worker/generation/generation-task.ts';
import type { TaskQueue } from '../../language-worker/generation/task-queue.ts';
import { type ActiveTask, runs, type Slot, wantedLength, wantedTokens } from './slot.ts';
import { forgetAfter } from './slot-memory.ts';
import type { createSlotRun, SlotRunOptions } from './slot-run.ts';

export interface AdmissionOptions extends SlotRunOptions {
  readonly slots: readonly Slot[];
  readonly queue: TaskQueue;
  readonly run: ReturnType<typeof createSlotRun>;
  /** Pieces in which prompts are evaluated, by priority. */
  readonly pieceTokens: Readonly<Record<GenerationTask['priority'], number>>;
}

/** Which task runs in which slot. */
export interface Admission {
  /** Gives slots to waiting tasks. An interactive one that finds none free takes that of a background task. */
  admit(): void;
  /** Takes out a task that was set aside; `null` when it was not. */
  takeAside(task: GenerationTask): ActiveTask | null;
}

/**
 * A background task that lost its slot is set aside with all its state, waits before the others of its kind, and
 * goes on where it was: its prompt and its answer so far are evaluated again, and its reader notices only a pause.
 */
export function createAdmission(options: AdmissionOptions): Admission {
  const { engine, slots, queue, run, pieceTokens, log } = options;
  const aside = new Map<GenerationTask, ActiveTask>();
  let uses = 0;

  const takeAside = (task: GenerationTask): ActiveTask | null => {
    const active = aside.get(task) ?? null;
    aside.delete(task);
    return active;
  };

  const setAside = (slot: Slot) => {
    const active = run.leave(slot);
    if (active === null) return;
    aside.set(active.task, active);
    queue.addFirst(active.task);
  };

  /** The background task whose slot is the cheapest to take: nobody reads it, or little is to be evaluated again. */
  const yielding = (wanted: WantedTokens, piece: number): Slot | null => {
    let best: Slot | null = null;
    let leastCost = Number.POSITIVE_INFINITY;
    for (const slot of slots) {
      if (!runs(slot, 'background')) continue;
      const lost = slot.active?.task.isPaused() === true ? 0 : slot.length;
      const cost = lost - reuseWeight * reusableTokens(slot, wanted, piece);
      if (cost >= leastCost) continue;
      best = slot;
      leastCost = cost;
    }
    return best;
  };

  const place = (slot: Slot, task: GenerationTask, wanted: WantedTokens) => {
    const piece = pieceTokens[task.priority];
    uses += 1;
    slot.lastUse = uses;
    const reused = reusableTokens(slot, wanted, piece);
    if (slot.exactPiece !== piece) slot.exactTokens = 0;
    slot.exactPiece = piece;
    const cached = forgetAfter(engine, slot, reused);
    slot.active = takeAside(task) ?? run.begin(task, cached, wanted.reproducible);
  };

  return {
    takeAside,
    admit() {
      for (let task = queue.peek(); task !== null; task = queue.peek()) {
        const wanted = wantedOf(task, aside.get(task), isIdle(slots) && queue.length === 1);
        const piece = pieceTokens[task.priority];
        let slot = chooseSlot(slots, wanted, piece);
        if (slot === null && task.priority === 'interactive') {
          // A task that is set aside has told all that it has.
          if (run.tell()) continue;
          slot = yielding(wanted, piece);
          if (slot !== null) setAside(slot);
        }
        if (slot === null) return;
        queue.remove(task);
        try {
          place(slot, task, wanted);
        } catch (cause) {
          log.error({ err: cause }, 'a request could not begin');
          task.onError(new SamovarError('engine.failed', { cause }));
        }
      }
    },
  };
}

/** An interactive prompt that is found in the cache is worth this many tokens of background work done again. */
const reuseWeight = 4;

function isIdle(slots: readonly Slot[]): boolean {
  return slots.every(({ active }) => active === null);
}

/** What the task needs in its slot. Beside others no answer is exactly repeatable, so nothing is done for it. */
function wantedOf(task: GenerationTask, aside: ActiveTask | undefined, alone: boolean): WantedTokens {
  if (aside === undefined) return { prompt: task.prompt, reproducible: task.reproducible && alone };
  const end = aside.walk === null ? wantedLength(aside) : aside.walk.lookFrom + 1;
  return { prompt: wantedTokens(aside, 0, end), reproducible: false };
}
