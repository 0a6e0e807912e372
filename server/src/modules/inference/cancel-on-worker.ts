import { workerHeaders } from '@samovar/contract/worker-protocol';
import type { Pool } from 'undici';
import type { Log } from '../../kernel/ports/log.ts';

/** Tells a worker to end a request, so that its stream closes with final counts. */
export function cancelOnWorker(
  pool: Pool,
  requestId: string,
  deps: { readonly workerToken: string | null; readonly log: Log },
): void {
  const token = deps.workerToken === null ? {} : { [workerHeaders.token]: deps.workerToken };
  pool
    .request({
      path: '/cancel',
      method: 'POST',
      headers: { 'content-type': 'application/json', ...token },
      body: JSON.stringify({ requestId }),
    })
    .then((answer) => answer.body.dump())
    .catch((err: unknown) => {
      deps.log.debug(
        { error: err, requestId },
        'A worker could not be told to cancel; its connection is closed',
      );
    });
}
