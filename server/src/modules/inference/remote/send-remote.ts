import { SamovarError } from '../../../kernel/errors.ts';
import type { RemoteTransport } from '../../../kernel/ports/remote-transport.ts';
import type { ServedModel } from '../../registry/index.ts';
import type { RemoteTarget } from '../../serving/index.ts';
import type { InferenceRequest } from '../inference-request.ts';
import type { Sender } from '../worker-call.ts';
import { remoteBody } from './remote-body.ts';
import { tokenizeSender } from './tokenize/send-tokenize.ts';
import { tokenizeSteps } from './tokenize/tokenize-steps.ts';

export interface RemoteSending {
  readonly body: string;
  readonly send: Sender;
}

/**
 * The request as a foreign engine that has its route is sent it. Throws `engine.unsupported_parameter` and
 * `engine.unsupported_operation` for what it cannot do, and `engine.deadline_passed`.
 */
export function sendRemote(
  transport: RemoteTransport,
  request: InferenceRequest,
  model: ServedModel,
  target: RemoteTarget,
): RemoteSending {
  if (typeof request.deadline === 'number' && request.deadline <= Date.now())
    throw new SamovarError('engine.deadline_passed');
  const headers = ['content-type', 'application/json', 'x-request-id', request.requestId, ...target.headers];
  if (target.flavour === 'samovar') headers.push('x-samovar-priority', request.priority);
  if (request.workerPath === '/tokenize') {
    const send = tokenizeSender(transport, target, headers, tokenizeSteps(request.body, target));
    return { body: '', send };
  }
  const body = remoteBody(request, model, target);
  const path = `${target.pathPrefix}${request.workerPath}`;
  return {
    body,
    send: (events) => transport.call(target.endpoint, { method: 'POST', path, headers, body }, events),
  };
}
