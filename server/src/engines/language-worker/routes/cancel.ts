import type { WorkerRoute } from '../../worker-http/worker-route.ts';
import type { RunningRequests } from '../running-requests.ts';
import { invalidParameter } from './read-parameters.ts';

/** `POST /cancel`: ends a running request early. One that is not running (any more) is no error. */
export function cancelRoute(running: RunningRequests): WorkerRoute {
  return {
    method: 'POST',
    path: '/cancel',
    usesModel: false,
    handle(exchange) {
      const { requestId } = exchange.body;
      if (typeof requestId !== 'string') throw invalidParameter('requestId', 'it must be a text');
      running.cancel(requestId);
      exchange.empty(204);
    },
  };
}
