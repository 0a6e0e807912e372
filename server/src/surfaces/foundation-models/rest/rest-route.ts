import type { MessageShape } from '@bufbuild/protobuf';
import type { Route } from '@samovar/contract/route';
import { asSamovarError } from '../../../kernel/errors.ts';
import type { BoundRoute, DataExchange, DataRefusal } from '../../../kernel/ports/http-routes.ts';
import type { MessageMethod } from '../../../kernel/ports/message-exchange.ts';
import { readMessage } from '../proto-json/read-message.ts';
import type { SurfaceMethod } from '../surface-method.ts';
import { statusErrorBody, streamErrorBody } from './error-bodies.ts';
import { firstValues } from './first-values.ts';
import { createRestAnswer } from './rest-answer.ts';

export type RestParts = Pick<Route, 'path' | 'tag' | 'body' | 'responses'> &
  Partial<Pick<Route, 'description'>>;

/** The route that carries a method over REST: proto3 JSON in and out, on the data lane. */
export function restRoute<Method extends MessageMethod>(
  bound: SurfaceMethod<Method>,
  parts: RestParts,
): BoundRoute {
  const { method } = bound;
  const { input, output, methodKind } = method.descriptor;
  const stream = methodKind === 'server_streaming';
  const errorBody = stream ? streamErrorBody : statusErrorBody;
  return {
    route: {
      ...parts,
      id: method.id,
      method: 'POST',
      lane: 'data',
      permission: method.permission,
      audit: method.audit,
      summary: method.summary,
    },
    errorBody,
    handle(exchange: DataExchange) {
      const answer = createRestAnswer<Method['output']>(exchange, { output, stream, errorBody });
      let request: MessageShape<Method['input']>;
      try {
        request = readMessage<Method['input']>(input, exchange.body);
      } catch (thrown) {
        const error = asSamovarError(thrown);
        bound.refused({ ...exchange, error });
        answer.error(error);
        return;
      }
      bound.handle({
        requestId: exchange.requestId,
        receivedAt: exchange.receivedAt,
        principal: exchange.principal,
        headers: firstValues(exchange.headers),
        deadline: null,
        request,
        requestBytes: exchange.body.length,
        answer,
      });
    },
    refused: (refusal: DataRefusal) => bound.refused(refusal),
  };
}
