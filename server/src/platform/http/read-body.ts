import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { SamovarError } from '../../kernel/errors.ts';
import type { RequestRoom } from './request-room.ts';

const nothing = Buffer.alloc(0);

/** What has to come of a body in one pace, unless it ends. */
const slowestBytes = 16 * 1024;

export interface BodyLimits {
  readonly bodyLimitBytes: number;
  /** How often it is looked whether a body still comes fast enough. */
  readonly paceMs: number;
}

/** A request whose body is read. */
export interface BodyOwner {
  readonly request: IncomingMessage;
  /** Is given back by who made it. */
  readonly room: RequestRoom;
}

/**
 * Reads a body whole, at most `bodyLimitBytes`, not at a trickle, and while there is room, and checks that it is UTF-8.
 * `done` is called exactly once: with the body, with the error that refuses it, or with `null` when the client left before it was complete.
 */
export function readBody(
  { request, room }: BodyOwner,
  { bodyLimitBytes, paceMs }: BodyLimits,
  done: (outcome: Buffer | SamovarError | null) => void,
): void {
  const tooLarge = () =>
    new SamovarError('request.body_too_large', { params: { limitBytes: bodyLimitBytes } });
  if (Number(request.headers['content-length'] ?? 0) > bodyLimitBytes) {
    done(tooLarge());
    return;
  }
  // The client left while its key was looked for: nothing tells of that any more.
  if (request.destroyed) {
    done(null);
    return;
  }
  let first: Buffer = nothing;
  let more: Buffer[] | null = null;
  let size = 0;
  let settled = false;
  let sizeBefore = 0;
  const pace = setInterval(() => {
    if (size - sizeBefore < slowestBytes) settle(new SamovarError('request.timeout'));
    sizeBefore = size;
  }, paceMs);
  const settle = (outcome: Buffer | SamovarError | null): void => {
    if (settled) return;
    settled = true;
    clearInterval(pace);
    more = null;
    if (!Buffer.isBuffer(outcome)) room.giveBack();
    done(outcome);
  };
  request.on('data', (chunk: Buffer) => {
    if (settled) return;
    size += chunk.length;
    if (size > bodyLimitBytes) return settle(tooLarge());
    if (!room.hold(size)) return settle(new SamovarError('system.overloaded', { retryAfterSeconds: 1 }));
    if (first.length === 0) first = chunk;
    else if (more === null) more = [first, chunk];
    else more.push(chunk);
  });
  request.on('end', () => {
    const body = more === null ? first : Buffer.concat(more, size);
    settle(isUtf8(body) ? body : notUtf8());
  });
  request.on('error', () => settle(null));
  request.on('close', () => settle(null));
}

/** 400: a body has bytes that no UTF-8 text has. */
export function notUtf8(): SamovarError {
  return new SamovarError('request.malformed_json', { params: { reason: 'it is not valid UTF-8.' } });
}
