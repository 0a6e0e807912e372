import { CommandError, exitStatus } from './command-error.ts';
import { connectionError } from './connection-error.ts';
import { fetchSecurely, type Trust } from './fetch-securely.ts';
import { readFirstKey } from './first-key.ts';
import { followEvents } from './follow-events.ts';
import { requestUrl } from './request-url.ts';
import { runningSupervisor } from './running-server.ts';
import { type SentEvent, serverSentEvents } from './server-sent-events.ts';
import type { CliSettings } from './settings.ts';

/** What the server answered instead of a success, in its own words. */
export class ApiError extends CommandError {
  readonly httpStatus: number;
  readonly code: string | null;

  constructor(httpStatus: number, body: unknown) {
    const { message, code, remedy } = errorParts(body);
    super(
      message ?? `The server answered with status ${httpStatus}.`,
      remedy ?? '`samovar logs api` has the details.',
      httpStatus === 401 || httpStatus === 403 ? exitStatus.notAuthorized : exitStatus.failed,
    );
    this.httpStatus = httpStatus;
    this.code = code;
  }
}

/** The server's public HTTP API, called with a key. */
export interface ApiClient {
  readonly baseUrl: string;
  get(path: string): Promise<unknown>;
  send(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<unknown>;
  /** The data of each server-sent event, as text, until `[DONE]` or the end. */
  stream(path: string, body: object, signal?: AbortSignal): AsyncGenerator<string>;
  /**
   * What a route tells as server-sent events, until it ends. A stream that breaks is taken up again after the last event
   * that had an id, for as long as the server comes back within a minute.
   */
  follow(path: string): AsyncGenerator<SentEvent>;
  /** Sends bytes as they are. */
  sendBytes(path: string, bytes: Uint8Array, headers: Readonly<Record<string, string>>): Promise<unknown>;
  /** The bytes of an answer from this one on. */
  download(path: string, offsetBytes: number): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * A client for the Samovar that these settings mean: the one running on the data folder, else the public address,
 * else host and port. The key is SAMOVAR_API_KEY or the installation's first key.
 */
export function createApiClient(settings: CliSettings): ApiClient {
  const baseUrl = baseUrlOf(settings);
  const trust = trustOf(settings, baseUrl);
  const key = settings.apiKey ?? readFirstKey(settings.values.data);
  const call = async (
    method: string,
    path: string,
    body?: object | Uint8Array,
    { signal, headers = {} }: { signal?: AbortSignal | undefined; headers?: Record<string, string> } = {},
  ) => {
    const response = await request(
      requestUrl(path, baseUrl),
      {
        method,
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      },
      trust,
    );
    if (!response.ok) throw new ApiError(response.status, await bodyOf(response, baseUrl));
    return response;
  };
  return {
    baseUrl,
    get: async (path) => bodyOf(await call('GET', path), baseUrl),
    send: async (method, path, body) => bodyOf(await call(method, path, body), baseUrl),
    async *stream(path, body, signal) {
      const response = await call('POST', path, body, { signal });
      if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream'))
        throw notSamovar(response, baseUrl);
      yield* serverSentEvents(response.body);
    },
    follow: (path) =>
      followEvents(async (lastId) => {
        const headers = lastId === '' ? {} : { 'last-event-id': lastId };
        const response = await call('GET', path, undefined, { headers });
        if (response.body && response.headers.get('content-type')?.startsWith('text/event-stream'))
          return response.body;
        throw notSamovar(response, baseUrl);
      }),
    sendBytes: async (path, bytes, headers) =>
      bodyOf(
        await call('PATCH', path, bytes, {
          headers: { 'content-type': 'application/offset+octet-stream', ...headers },
        }),
        baseUrl,
      ),
    async download(path, offsetBytes) {
      const headers = offsetBytes === 0 ? {} : { range: `bytes=${offsetBytes}-` };
      const response = await call('GET', path, undefined, { headers });
      if (response.body === null || response.status !== (offsetBytes === 0 ? 200 : 206))
        throw notSamovar(response, baseUrl);
      return response.body;
    },
  };
}

/** The address that commands with these settings speak to. */
export function baseUrlOf({ values }: CliSettings): string {
  const local = runningSupervisor(values.data);
  if (local) return local.url;
  const host = values.host === '0.0.0.0' || values.host === '::' ? '127.0.0.1' : values.host;
  const scheme = values.tlsCertFile === null ? 'http' : 'https';
  return values.publicUrl ?? `${scheme}://${host.includes(':') ? `[${host}]` : host}:${values.port}`;
}

/**
 * The one that runs here is known by its own certificate, whatever name that is for, and whether this shell has its
 * settings or not; others by their authority.
 */
function trustOf({ values }: CliSettings, baseUrl: string): Trust {
  const local = runningSupervisor(values.data);
  const certFile = local?.url === baseUrl ? (local.tlsCertFile ?? values.tlsCertFile) : null;
  if (certFile !== null) return { kind: 'pinned', certFile };
  return { kind: 'authorities', caFile: values.caFile };
}

async function request(url: URL, init: RequestInit, trust: Trust): Promise<Response> {
  try {
    return url.protocol === 'https:' ? await fetchSecurely(url, init, trust) : await fetch(url, init);
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    if (error instanceof CommandError) throw error;
    throw connectionError(url, error);
  }
}

/** The parsed body. Throws a CommandError when it is none of ours: something else listens at the address. */
async function bodyOf(response: Response, baseUrl: string): Promise<unknown> {
  const text = await response.text();
  try {
    if (response.headers.get('content-type')?.includes('json')) return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw notSamovar(response, baseUrl);
}

function notSamovar(response: Response, baseUrl: string): CommandError {
  return new CommandError(
    `${new URL(baseUrl).origin} answered with status ${response.status}, and not as Samovar does.`,
    'Something else may listen there: check SAMOVAR_PUBLIC_URL, `--host` and `--port`.',
  );
}

/** The published error body of either API, with our code and remedy beside it under `samovar`. */
function errorParts(body: unknown): { message: string | null; code: string | null; remedy: string | null } {
  const whole = isRecord(body) ? body : {};
  const text = (holder: unknown, name: string) =>
    isRecord(holder) && typeof holder[name] === 'string' ? String(holder[name]) : null;
  return {
    message: text(whole.error, 'message') ?? text(whole, 'message'),
    code: text(whole.samovar, 'code') ?? text(whole.error, 'code'),
    remedy: text(whole.samovar, 'remedy') ?? text(whole.error, 'remedy'),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
