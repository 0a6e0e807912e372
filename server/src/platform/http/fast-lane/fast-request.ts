import { isUtf8 } from 'node:buffer';
import { asSamovarError, type SamovarError } from '../../../kernel/errors.ts';
import type { DataExchange } from '../../../kernel/ports/http-routes.ts';
import type { Log } from '../../../kernel/ports/log.ts';
import { answerWholeError } from '../answer-error.ts';
import type { DataRoute } from '../data-lane.ts';
import { notUtf8 } from '../read-body.ts';

/** One admitted request of the fast lane, up to its hand-over to a route. */
export class FastRequest {
  readonly #bound: DataRoute;
  readonly #exchange: Omit<DataExchange, 'body'>;
  readonly #log: Log;

  constructor(bound: DataRoute, exchange: Omit<DataExchange, 'body'>, log: Log) {
    this.#bound = bound;
    this.#exchange = exchange;
    this.#log = log;
  }

  /** Its body is whole. Refusals are answered here. */
  serve(body: Buffer): void {
    if (!isUtf8(body)) {
      this.#refuse(notUtf8(), null);
      return;
    }
    const { route, requestId, receivedAt, principal, headers, commonHeaders, answer } = this.#exchange;
    const exchange = { route, requestId, receivedAt, principal, headers, body, commonHeaders, answer };
    try {
      this.#bound.handle(exchange)?.catch((thrown: unknown) => this.#refuse(asSamovarError(thrown), body));
    } catch (thrown) {
      this.#refuse(asSamovarError(thrown), body);
    }
  }

  /** The client left before its body was whole. */
  brokeOff(): void {
    const { requestId, receivedAt, principal } = this.#exchange;
    this.#bound.refused({ requestId, receivedAt, principal, body: null, error: null });
  }

  #refuse(error: SamovarError, body: Buffer | null): void {
    const { requestId, receivedAt, principal, commonHeaders, answer } = this.#exchange;
    this.#bound.refused({ requestId, receivedAt, principal, body, error });
    if (error.code === 'system.internal')
      this.#log.error({ requestId, error: error.cause }, 'A data route failed before its answer began');
    answerWholeError(answer, commonHeaders, { error, errorBody: this.#bound.errorBody, requestId });
  }
}
