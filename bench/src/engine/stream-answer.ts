import { type IncomingMessage, request } from 'node:http';

/** Where a completion is asked for: a Unix socket or a port of this machine. */
export interface Endpoint {
  readonly socketPath?: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface StreamedAnswer {
  /** Milliseconds from sending to the first event with text. */
  readonly firstTokenMs: number;
  /** `performance.now()` of every event with text. */
  readonly times: readonly number[];
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly answerTokens: number;
  readonly totalMs: number;
}

interface Chunk {
  choices?: { text?: string; delta?: { content?: string } }[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    prompt_tokens_details?: { cached_tokens?: number };
  } | null;
}

/** Asks for a streamed answer and measures it as a client sees it. */
export async function streamAnswer(endpoint: Endpoint, body: object): Promise<StreamedAnswer> {
  const sentAt = performance.now();
  const times: number[] = [];
  let usage: Chunk['usage'] = null;
  const response = await send(endpoint, 'POST', endpoint.path, {
    stream: true,
    stream_options: { include_usage: true },
    ...body,
  });
  for await (const event of dataEvents(response)) {
    const chunk = JSON.parse(event) as Chunk;
    const text = chunk.choices?.[0]?.text ?? chunk.choices?.[0]?.delta?.content ?? '';
    if (text !== '') times.push(performance.now());
    if (chunk.usage) usage = chunk.usage;
  }
  if (!usage) throw new Error('the stream ended without usage');
  return {
    firstTokenMs: (times[0] ?? Number.NaN) - sentAt,
    times,
    promptTokens: usage.prompt_tokens,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    answerTokens: usage.completion_tokens,
    totalMs: performance.now() - sentAt,
  };
}

/** Reads one JSON answer. */
export async function getJson<T>(endpoint: Endpoint, path: string): Promise<T> {
  const response = await send(endpoint, 'GET', path, null);
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  return JSON.parse(text) as T;
}

function send(
  endpoint: Endpoint,
  method: string,
  path: string,
  body: object | null,
): Promise<IncomingMessage> {
  const { socketPath, port, headers } = endpoint;
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...(socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath }),
        // A connection of its own: one that a server has just closed for idleness must not fail a round.
        agent: false,
        method,
        path,
        headers: { ...headers, 'content-type': 'application/json' },
      },
      (response) => {
        if (response.statusCode === 200) resolve(response);
        else reject(new Error(`${path} answered ${response.statusCode}`));
      },
    );
    sent.once('error', reject);
    sent.end(body === null ? undefined : JSON.stringify(body));
  });
}

async function* dataEvents(response: IncomingMessage): AsyncGenerator<string> {
  let pending = '';
  for await (const piece of response.setEncoding('utf8')) {
    const lines = `${pending}${piece}`.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data: ') && line !== 'data: [DONE]') yield line.slice(6);
    }
  }
}
