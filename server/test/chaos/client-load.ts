import { setTimeout as pause } from 'node:timers/promises';
import type { ChaosStack } from './chaos-stack.ts';
import { type Outcome, type RequestKind, sendRequest } from './send-request.ts';

export interface ClientLoad {
  readonly outcomes: readonly Outcome[];
  /** Sends nothing more; resolves when every request has ended. */
  stop(): Promise<void>;
}

const kinds: readonly RequestKind[] = ['stream', 'whole', 'embedding', 'abort-stream', 'abort-whole'];

/** One client of each kind, each sending its next request when the one before has ended. */
export function startClientLoad(stack: ChaosStack): ClientLoad {
  const outcomes: Outcome[] = [];
  let stopping = false;
  const clients = kinds.map(async (kind) => {
    while (!stopping) {
      const outcome = await sendRequest(stack, kind);
      outcomes.push(outcome);
      // A refused or broken one is not repeated at once, as no client does.
      await pause(outcome.end === 'completed' ? 10 : 100);
    }
  });
  return {
    outcomes,
    async stop() {
      stopping = true;
      await Promise.all(clients);
    },
  };
}
