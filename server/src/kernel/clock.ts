/** Time, as a dependency: tests move it, processes do not. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/**
 * For measuring how long something takes or lasts. It began with the system's time and only grows: nobody sets it
 * back or forward, and it stands still while the machine sleeps. Not for times that are shown or compared elsewhere.
 */
export const steadyClock: Clock = { now: () => performance.timeOrigin + performance.now() };
