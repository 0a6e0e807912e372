import { setTimeout as sleep } from 'node:timers/promises';
import type { ServedModel } from '../registry/index.ts';

/** What a check that nobody asked for goes by, so that it takes no memory from what people use. */
export interface CheckRoom {
  /** Whether the model can be asked and nothing is unloaded for it. */
  hasRoom(model: ServedModel): Promise<boolean>;
  /** So long a check waits for room before it is given up. */
  readonly waitMs: number;
}

const lookMs = 5_000;

/** Resolves when the model can be asked and nothing is unloaded for it; throws `NoRoomBeside` after `waitMs`. */
export async function awaitRoom(
  { hasRoom, waitMs }: CheckRoom,
  model: ServedModel,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + waitMs;
  while (!(await hasRoom(model))) {
    const left = until - performance.now();
    if (left <= 0) throw new NoRoomBeside();
    await sleep(Math.min(lookMs, left), undefined, { signal });
  }
}

/** There was no room, and a check by itself unloads nothing. */
export class NoRoomBeside extends Error {
  constructor() {
    super('there is no room beside what is in use');
  }
}
