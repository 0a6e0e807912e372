import type { MessageShape } from '@bufbuild/protobuf';
import type { Route } from '@samovar/contract/route';
import type { BoundRoute, ManagementReply, ManagementRequest } from '../../../kernel/ports/http-routes.ts';
import type { MessageAnswer, MessageMethod } from '../../../kernel/ports/message-exchange.ts';
import { serverTraceId } from '../../../kernel/server-trace-id.ts';
import { writeMessage } from '../proto-json/write-message.ts';
import type { SurfaceMethod } from '../surface-method.ts';
import { statusErrorBody } from './error-bodies.ts';
import { firstValues } from './first-values.ts';

export type RestReadParts<Method extends MessageMethod> = Pick<
  Route,
  'path' | 'tag' | 'params' | 'responses'
> &
  Partial<Pick<Route, 'description' | 'query'>> & {
    /** The message that the path stands for. */
    requestOf(request: ManagementRequest): MessageShape<Method['input']>;
  };

/** The route that carries a unary method over a GET of the management lane. */
export function restReadRoute<Method extends MessageMethod>(
  bound: SurfaceMethod<Method>,
  { requestOf, ...parts }: RestReadParts<Method>,
): BoundRoute {
  const { method } = bound;
  const { output } = method.descriptor;
  return {
    route: {
      ...parts,
      id: method.id,
      method: 'GET',
      lane: 'management',
      permission: method.permission,
      audit: method.audit,
      summary: method.summary,
    },
    errorBody: statusErrorBody,
    handle: (request: ManagementRequest) =>
      new Promise<ManagementReply>((resolve, reject) => {
        const reply = { headers: {}, body: {} };
        const answer: MessageAnswer<MessageShape<Method['output']>> = {
          begin(headers) {
            reply.headers = { ...headers, 'x-server-trace-id': serverTraceId(request.requestId) };
          },
          message(message) {
            reply.body = Object(writeMessage<Method['output']>(output, message));
            return true;
          },
          end: () => resolve({ status: 200, ...reply }),
          error: reject,
          onDrain() {},
          onGone() {},
        };
        bound.handle({
          requestId: request.requestId,
          receivedAt: performance.now(),
          principal: request.principal,
          headers: firstValues(request.headers),
          deadline: null,
          request: requestOf(request),
          requestBytes: 0,
          answer,
        });
      }),
  };
}
