import { Client } from 'undici';

export interface WorkerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed when it is JSON, else the text. */
  readonly body: unknown;
}

interface WorkerStream {
  readonly status: number;
  /** The data of each event as it comes; `[DONE]` as this text. */
  readonly events: AsyncIterable<unknown>;
  /** Leaves without reading on. */
  abort(): void;
}

/** Speaks to one model worker over its Unix socket. */
export interface WorkerClient {
  get(path: string): Promise<WorkerAnswer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<WorkerAnswer>;
  /** Sends a body as it is. */
  postRaw(path: string, body: string | Buffer): Promise<WorkerAnswer>;
  stream(path: string, body: unknown, headers?: Record<string, string>): Promise<WorkerStream>;
  close(): Promise<void>;
}

export function createWorkerClient(socketPath: string): WorkerClient {
  const open = () =>
    new Client('http://worker', { socketPath, headersTimeout: 600_000, bodyTimeout: 600_000 });
  const client = new Set<Client>();
  const json = { 'content-type': 'application/json' };

  const send = async (
    method: 'GET' | 'POST',
    path: string,
    body?: string | Buffer,
    headers = {},
  ): Promise<WorkerAnswer> => {
    const connection = open();
    try {
      const answer = await connection.request({
        method,
        path,
        headers: { ...json, ...headers },
        ...(body === undefined ? {} : { body }),
      });
      return { status: answer.statusCode, headers: answer.headers, body: parsed(await answer.body.text()) };
    } finally {
      await connection.close();
    }
  };
  return {
    get: (path) => send('GET', path),
    post: (path, body, headers) => send('POST', path, JSON.stringify(body), headers),
    postRaw: (path, body) => send('POST', path, body),
    async stream(path, body, headers = {}) {
      const connection = open();
      client.add(connection);
      const answer = await connection.request({
        method: 'POST',
        path,
        headers: { ...json, ...headers },
        body: JSON.stringify(body),
      });
      return {
        status: answer.statusCode,
        events: readEvents(answer.body),
        abort: () => {
          answer.body.on('error', () => undefined);
          answer.body.destroy();
        },
      };
    },
    async close() {
      await Promise.all([...client].map((connection) => connection.destroy()));
    },
  };
}

async function* readEvents(body: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      if (!block.startsWith('data: ')) throw new Error(`not an event: ${block}`);
      yield parsed(block.slice('data: '.length));
    }
  }
  if (text !== '') throw new Error(`the stream ended inside an event: ${text}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
