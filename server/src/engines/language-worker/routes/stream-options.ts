import type { JsonObject } from '../../worker-http/read-json-body.ts';
import { invalidParameter, readBoolean, readObject, refuseOthers } from './read-parameters.ts';

/** How an answer is to be delivered. */
export interface Delivery {
  readonly stream: boolean;
  /** The client asked: every chunk has `usage`, `null` on all but the last. */
  readonly clientUsage: boolean;
  /** The gateway asked: only the last event has it. */
  readonly gatewayUsage: boolean;
}

export function readDelivery(body: JsonObject): Delivery {
  const stream = readBoolean(body, 'stream', false);
  const options = readObject(body, 'stream_options');
  refuseOthers(options, new Set(['include_usage', 'include_obfuscation']));
  if (!stream && (body.stream_options ?? null) !== null)
    throw invalidParameter('stream_options', 'it is only allowed when stream is true');
  return {
    stream,
    clientUsage: readBoolean(options, 'include_usage', false),
    gatewayUsage: readBoolean(readObject(body, 'samovar'), 'usage', false),
  };
}

/** The name that the answer repeats. */
export function readModelName(body: JsonObject, own: string): string {
  const name = body.model ?? null;
  if (name === null) return own;
  if (typeof name !== 'string') throw invalidParameter('model', 'it must be a text');
  return name;
}
