import type { Log } from '../../kernel/ports/log.ts';
import type { WorkerTransport } from '../../kernel/ports/worker-transport.ts';
import { headersOf } from './worker-call.ts';

export interface Cancellation {
  readonly address: string;
  readonly requestId: string;
  readonly workerToken: string | null;
}

/** Tells a worker to end a request, so that its stream closes with final counts. */
export function cancelOnWorker(transport: WorkerTransport, cancellation: Cancellation, log: Log): void {
  const { address, requestId, workerToken } = cancellation;
  const failed = (error: Error): void =>
    log.debug({ error, requestId }, 'A worker could not be told to cancel; its connection is closed');
  transport.call(
    address,
    {
      path: '/cancel',
      headers: headersOf({ requestId, priority: 'interactive', workerToken }),
      body: JSON.stringify({ requestId }),
    },
    { begin() {}, data: () => true, ended() {}, unreachable: failed, lost: failed },
  );
}
