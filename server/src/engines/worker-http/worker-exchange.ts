import type { IncomingMessage, ServerResponse } from 'node:http';
import { workerHeaders } from '@samovar/contract/worker-protocol';
import type { SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { createEventStream, type EventStream } from './event-stream.ts';
import type { JsonObject } from './read-json-body.ts';
import { workerErrorBody } from './worker-error-body.ts';
import type { WorkerExchange } from './worker-route.ts';

/** The request's id: the caller's when it is sane, else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers[workerHeaders.requestId];
  return typeof given === 'string' && /^[\x21-\x7e]{1,200}$/.test(given) ? given : newId();
}

/** Binds a parsed request to its response. */
export function createExchange(
  request: IncomingMessage,
  response: ServerResponse,
  read: { requestId: string; receivedAt: number; body: JsonObject },
  stallTimeoutMs: number,
): WorkerExchange {
  let stream: EventStream | null = null;
  const deadline = Number(request.headers[workerHeaders.deadline]);
  return {
    requestId: read.requestId,
    receivedAt: read.receivedAt,
    priority: request.headers[workerHeaders.priority] === 'background' ? 'background' : 'interactive',
    deadline: Number.isFinite(deadline) && deadline > 0 ? deadline : null,
    body: read.body,
    json: (status, value) => sendJson(response, status, value),
    empty(status) {
      if (!response.destroyed) response.writeHead(status).end();
    },
    fail(error) {
      if (response.headersSent && stream !== null) stream.fail(workerErrorBody(error));
      else sendError(response, error);
    },
    events() {
      stream ??= createEventStream(response, stallTimeoutMs);
      return stream;
    },
    onAbandoned(callback) {
      response.once('close', () => {
        if (!response.writableFinished) callback();
      });
    },
  };
}

export function sendJson(response: ServerResponse, status: number, value: object): void {
  sendText(response, status, 'application/json', JSON.stringify(value));
}

export function sendText(response: ServerResponse, status: number, contentType: string, text: string): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** An error as an HTTP answer. */
export function sendError(response: ServerResponse, error: SamovarError): void {
  if (error.retryAfterSeconds !== null && !response.headersSent)
    response.setHeader('retry-after', String(Math.ceil(error.retryAfterSeconds)));
  sendJson(response, error.entry.httpStatus, workerErrorBody(error));
}
