/**
 * The life of a connection: `new` until the first probe of what was declared last, `healthy`, `degraded` it answers but
 * not all is well, `away` it does not answer, `disabled` by its owner.
 */
export type EngineState = 'new' | 'healthy' | 'degraded' | 'away' | 'disabled';

/**
 * Of a probe: `good` all is well, `partial` it answers, but something is wrong, `missed` it did not answer, `lost` it
 * did not answer several times. Of the owner: `change`, `disable`, `enable`.
 */
export type EngineEvent = 'good' | 'partial' | 'missed' | 'lost' | 'change' | 'disable' | 'enable';

const table: Readonly<Record<EngineState, Readonly<Record<EngineEvent, EngineState>>>> = {
  new: {
    good: 'healthy',
    partial: 'degraded',
    // It never answered: nothing is sent there.
    missed: 'away',
    lost: 'away',
    change: 'new',
    disable: 'disabled',
    enable: 'new',
  },
  healthy: {
    good: 'healthy',
    partial: 'degraded',
    missed: 'degraded',
    lost: 'away',
    change: 'new',
    disable: 'disabled',
    enable: 'healthy',
  },
  degraded: {
    good: 'healthy',
    partial: 'degraded',
    missed: 'degraded',
    lost: 'away',
    change: 'new',
    disable: 'disabled',
    enable: 'degraded',
  },
  away: {
    good: 'healthy',
    partial: 'degraded',
    missed: 'away',
    lost: 'away',
    change: 'new',
    disable: 'disabled',
    enable: 'away',
  },
  disabled: {
    good: 'disabled',
    partial: 'disabled',
    missed: 'disabled',
    lost: 'disabled',
    change: 'disabled',
    disable: 'disabled',
    enable: 'new',
  },
};

export function nextEngineState(state: EngineState, event: EngineEvent): EngineState {
  return table[state][event];
}

/** Probes in a row that must be missed until the engine counts as away. */
const missedUntilAway = 3;
const probeSeconds = 10;
const longestPauseSeconds = 60;

/** What a probe that was not answered means, the missed ones before it counted with it. */
export function missedEvent(missedProbes: number): 'missed' | 'lost' {
  return missedProbes >= missedUntilAway ? 'lost' : 'missed';
}

/** Seconds until the next probe: soon after the first missed one, then more and more seldom. */
export function probePauseSeconds(missedProbes: number): number {
  return missedProbes === 0 ? probeSeconds : Math.min(longestPauseSeconds, 2 ** (missedProbes - 1));
}

/** Whether requests go there. */
export function takesRequests(state: EngineState): boolean {
  return state === 'healthy' || state === 'degraded';
}
