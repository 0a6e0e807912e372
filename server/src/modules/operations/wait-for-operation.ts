import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Notifications } from '../../kernel/ports/notifications.ts';
import type { Scope } from '../../kernel/principal.ts';
import { getOperation, operationIdOf } from './get-operation.ts';
import type { Operation } from './operation.ts';
import { changedIds, operationChannel } from './operation-changes.ts';
import { hasEnded, openStates } from './operation-state.ts';
import { selectEnded } from './operation-store.ts';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Ends the waiting early, for example when the client has left. */
  readonly signal?: AbortSignal;
}

export interface OperationWaits {
  /**
   * The operation as soon as it has ended, or as it stands when the time is over. Throws `operation.not_found`.
   */
  wait(scope: Scope, id: string, options: WaitOptions): Promise<Operation>;
  /** Ends all waiting at once: each gets its operation as it stands. */
  stop(): void;
}

export interface WaitDependencies {
  readonly database: Database;
  readonly notifications: Notifications;
  readonly clock: Clock;
  readonly log: Log;
  /** How often the states are read; 1000 when absent. */
  readonly pollMs?: number;
}

/**
 * Long polls. Whoever waits is woken by a notification; all who wait together share one query a second beneath, for
 * notifications that were lost.
 */
export function createOperationWaits(deps: WaitDependencies): OperationWaits {
  const waiting = new Map<string, Set<() => void>>();
  const pollMs = deps.pollMs ?? 1_000;
  let timer: NodeJS.Timeout | null = null;
  let reading = false;
  let stopped = false;

  function wake(ids: Iterable<string>): void {
    for (const id of ids) for (const listener of [...(waiting.get(id) ?? [])]) listener();
  }

  async function poll(): Promise<void> {
    if (reading || waiting.size === 0) return;
    reading = true;
    try {
      wake(await selectEnded(deps.database, [...waiting.keys()], openStates));
    } catch (error) {
      deps.log.debug({ error: String(error) }, 'operations that are waited for cannot be read at present');
    } finally {
      reading = false;
    }
  }

  function add(id: string, listener: () => void): () => void {
    const others = waiting.get(id) ?? new Set();
    waiting.set(id, others.add(listener));
    timer ??= setInterval(() => void poll(), pollMs);
    return () => {
      others.delete(listener);
      if (others.size === 0 && waiting.get(id) === others) waiting.delete(id);
      if (waiting.size > 0 || timer === null) return;
      clearInterval(timer);
      timer = null;
    };
  }

  const unsubscribe = deps.notifications.subscribe(operationChannel, (payload) => {
    const ids = changedIds(payload);
    if (ids === null) void poll();
    else wake(ids);
  });

  return {
    async wait(scope, id, { timeoutMs, signal }) {
      const until = deps.clock.now() + timeoutMs;
      for (;;) {
        const changed = Promise.withResolvers<void>();
        // Listening comes before reading: what changes in between is heard.
        const remove = add(operationIdOf(id), changed.resolve);
        try {
          const operation = await getOperation(deps.database, scope, id);
          const leftMs = until - deps.clock.now();
          if (hasEnded(operation.state) || leftMs <= 0 || signal?.aborted || stopped) return operation;
          await settled(changed.promise, leftMs, signal);
        } finally {
          remove();
        }
      }
    },
    stop() {
      stopped = true;
      unsubscribe();
      wake([...waiting.keys()]);
    },
  };
}

/** Resolves when the change, the time or the signal comes first. */
async function settled(
  changed: Promise<void>,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  const stop = (): void => resolve();
  signal?.addEventListener('abort', stop);
  await Promise.race([changed, promise]);
  signal?.removeEventListener('abort', stop);
  clearTimeout(timer);
}
