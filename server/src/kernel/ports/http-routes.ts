import type { Readable } from 'node:stream';
import type { Route } from '@samovar/contract/route';
import type { SamovarError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { DatabaseTransaction } from './database.ts';
import type { HttpAnswer } from './http-answer.ts';

/** By name in lower case; a name that came several times has its values joined, or as a list. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One inference request, authenticated, its body read whole (bounded) but not parsed. */
export interface DataExchange {
  readonly route: Route;
  readonly requestId: string;
  /** `performance.now()` at arrival. */
  readonly receivedAt: number;
  readonly principal: Principal;
  readonly headers: RequestHeaders;
  readonly body: Buffer;
  /** Names and values in turns that the head of every answer begins with, `x-request-id` among them. */
  readonly commonHeaders: readonly string[];
  readonly answer: HttpAnswer;
}

/** A request of a valid, permitted key that ended before its route took it. */
export interface DataRefusal {
  readonly requestId: string;
  /** `performance.now()` at arrival. */
  readonly receivedAt: number;
  readonly principal: Principal;
  /** `null` when it was not read whole. */
  readonly body: Buffer | null;
  /** `null` when the client left before its body was complete. */
  readonly error: SamovarError | null;
}

export interface ManagementRequest {
  readonly route: Route;
  readonly requestId: string;
  /** `null` on public routes. */
  readonly principal: Principal | null;
  readonly headers: RequestHeaders;
  /** Validated by the route's schemas. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | number | boolean | undefined>>;
  /** The bytes as they come where the route takes a `rawBody`; else what was parsed. */
  readonly body: unknown;
  /** Aborted when the client has left, the answer has ended, or the process begins to stop: what follows events ends. */
  readonly signal: AbortSignal;
  /**
   * Present when the request carries an `Idempotency-Key`: keeps the reply in the transaction that makes the change,
   * so that both exist or neither does. A handler that does not call it has its reply kept afterwards.
   */
  readonly remember?: RememberReply;
}

export type RememberReply = (transaction: DatabaseTransaction, reply: ManagementReply) => Promise<void>;

export interface ManagementReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is sent as it comes, an object as JSON, a string as it is, `null` sends no body. */
  readonly body: Readable | object | string | null;
}

/** How a surface writes an error: its own body for one of our codes, */
export interface ErrorBody {
  (error: SamovarError, requestId: string): object;
  /** and headers of every error that is answered in front of the surface. */
  headers?(requestId: string): Readonly<Record<string, string>>;
}

export type BoundRoute =
  | {
      readonly route: Route & { readonly lane: 'data' };
      readonly errorBody: ErrorBody;
      /** Takes the request, or throws what refuses it; it may take it, or reject, later. */
      handle(exchange: DataExchange): void | Promise<void>;
      /** Told once of each request that `handle` did not take. */
      refused(refusal: DataRefusal): void;
    }
  | {
      readonly route: Route & { readonly lane: 'management' };
      readonly errorBody: ErrorBody;
      handle(request: ManagementRequest): Promise<ManagementReply>;
    };
