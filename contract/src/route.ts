import type { TSchema } from 'typebox';
import type { Permission } from './permissions.ts';

/** The data path serves inference in front of the framework; everything else is management. */
export type Lane = 'data' | 'management';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RouteResponse {
  readonly description: string;
  /** Absent for an answer without a body. */
  readonly schema?: TSchema;
  /** Media type; `application/json` when absent. */
  readonly contentType?: string;
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
  readonly responses: Readonly<Record<number, RouteResponse>>;
  /** A creating call: accepts `Idempotency-Key`, unique per project, and replays its first answer. */
  readonly idempotent?: boolean;
}
