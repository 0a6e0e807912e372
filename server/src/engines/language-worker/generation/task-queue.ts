import { SamovarError } from '../../../kernel/errors.ts';
import type { GenerationTask } from './generation-task.ts';

export interface QueuedTask {
  readonly task: GenerationTask;
  readonly timer: NodeJS.Timeout | null;
}

/** Tasks that wait for a slot: interactive ones first, each kind in order of arrival. */
export interface TaskQueue {
  readonly length: number;
  lengthOf(priority: GenerationTask['priority']): number;
  /** `onExpired` is called, and the task dropped, when its deadline passes here. */
  add(task: GenerationTask, onExpired: () => void): void;
  /** Puts a task before all others of its kind. */
  addFirst(task: GenerationTask): void;
  peek(): GenerationTask | null;
  /** Takes a task out; false when it is not here. */
  remove(task: GenerationTask): boolean;
  drain(): GenerationTask[];
}

export function createTaskQueue(): TaskQueue {
  const lanes: Record<GenerationTask['priority'], QueuedTask[]> = { interactive: [], background: [] };
  const remove = (task: GenerationTask): boolean => {
    const lane = lanes[task.priority];
    const index = lane.findIndex((queued) => queued.task === task);
    if (index < 0) return false;
    const [removed] = lane.splice(index, 1);
    if (removed?.timer) clearTimeout(removed.timer);
    return true;
  };
  return {
    get length() {
      return lanes.interactive.length + lanes.background.length;
    },
    lengthOf: (priority) => lanes[priority].length,
    add(task, onExpired) {
      const expire = () => {
        if (remove(task)) onExpired();
      };
      // A timer longer than 2^31 ms would fire at once.
      const leftMs = task.deadline === null ? null : Math.min(task.deadline - Date.now(), 2 ** 31 - 1);
      lanes[task.priority].push({ task, timer: leftMs === null ? null : setTimeout(expire, leftMs) });
    },
    addFirst(task) {
      lanes[task.priority].unshift({ task, timer: null });
    },
    peek: () => (lanes.interactive[0] ?? lanes.background[0])?.task ?? null,
    remove,
    drain() {
      const all = [...lanes.interactive, ...lanes.background].map((queued) => queued.task);
      for (const task of all) remove(task);
      return all;
    },
  };
}

/** How much of an engine a queue stands before. */
export interface QueueRoom {
  /** Tasks of each priority that may wait. */
  readonly limit: number;
  readonly freeSlots: number;
  /** Slots with background tasks that an interactive one may take. */
  readonly yieldingSlots: number;
}

/** Throws `engine.busy` when there is no room for the tasks of a request. Background tasks take none from others. */
export function refuseWhenFull(
  queue: TaskQueue,
  [first]: readonly GenerationTask[],
  { limit, freeSlots, yieldingSlots }: QueueRoom,
): void {
  if (first === undefined) return;
  const interactive = queue.lengthOf('interactive');
  const waiting =
    first.priority === 'interactive'
      ? interactive - freeSlots - yieldingSlots
      : queue.lengthOf('background') - Math.max(0, freeSlots - interactive);
  if (waiting >= limit) throw new SamovarError('engine.busy', { retryAfterSeconds: 1 });
}
