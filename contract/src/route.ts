import type { TSchema } from 'typebox';
import type { Permission } from './permissions.ts';

/** The data path serves inference in front of the framework; everything else is management. */
export type Lane = 'data' | 'management';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A header of a request or of an answer, beside those that all have. */
export interface RouteHeader {
  readonly description: string;
  readonly example: string;
  readonly required?: boolean;
}

/** One kind of server-sent events in an answer that is a stream of them. */
export interface RouteEvent {
  /** What stands in its line `event:`; `null` where it has none. */
  readonly name: string | null;
  readonly description: string;
  /** Of the JSON in its line `data:`; absent for a text that is none, as `example` shows it. */
  readonly schema?: TSchema;
  readonly example: unknown;
}

export interface RouteResponse {
  readonly description: string;
  /** Absent for an answer without a body. */
  readonly schema?: TSchema;
  /** Media type; `application/json` when absent. */
  readonly contentType?: string;
  /** In place of the first one of the schema's own `examples`. */
  readonly example?: unknown;
  readonly headers?: Readonly<Record<string, RouteHeader>>;
  /** Of an answer that is, or can be, a stream of server-sent events. */
  readonly events?: readonly RouteEvent[];
}

/**
 * One entry of the route table. Fastify, the data path, the OpenAPI document and the access tests are all
 * built from these records, so a route cannot be served without being declared, nor declared without a permission.
 */
export interface Route {
  /** `surface.resource.verb`, for example `openai.chat-completions.create`. */
  readonly id: string;
  readonly method: Method;
  /** OpenAPI path template, for example `/v1/models/{model}`. A last segment `{name+}` takes slashes too. */
  readonly path: string;
  readonly lane: Lane;
  readonly permission: Permission | 'public';
  /** The audit action that a successful call records; `null` for reads and inference. */
  readonly audit: string | null;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** A request without a body is one with `{}`. */
  readonly bodyOptional?: boolean;
  /** Media type of a body that is neither parsed nor bounded: the handler reads it as it comes. Instead of `body`. */
  readonly rawBody?: string;
  /** In place of the first one of the body schema's own `examples`. */
  readonly bodyExample?: unknown;
  /** Headers that a request may have beside those of all requests. */
  readonly headers?: Readonly<Record<string, RouteHeader>>;
  /** What asking for the head alone is for, where the answer's headers tell something: in the document. */
  readonly head?: { readonly summary: string };
  readonly responses: Readonly<Record<number, RouteResponse>>;
  /** A creating call: accepts `Idempotency-Key`, unique per project, and replays its first answer. */
  readonly idempotent?: boolean;
}
