import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerHealth, WorkerStart } from '@samovar/contract/worker-protocol';
import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions';
import { startLlamaCppWorker } from '../src/engines/llama-cpp/start-llama-cpp-worker.ts';
import type { Log } from '../src/kernel/ports/log.ts';
import { testModel } from './models.ts';
import { silentLog } from './silent-log.ts';

export interface WorkerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface StreamedAnswer extends WorkerAnswer {
  readonly chunks: (ChatCompletionChunk & { samovar?: Record<string, unknown> })[];
  readonly content: string;
  readonly firstEventMs: number;
}

type Body = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

let started = 0;

/** A real llama-cpp worker on a Unix socket in this process, with SmolLM2 on one thread. */
export async function startTestWorker(options: Partial<WorkerStart> = {}, log: Log = silentLog) {
  const { manifest, files } = await testModel('smollm2-135m-instruct');
  started += 1;
  const listen = join(tmpdir(), `samovar-llama-${process.pid}-${started}.sock`);
  const running = await startLlamaCppWorker(
    {
      workerId: `test-${started}`,
      modelName: manifest.name,
      listen,
      workerToken: null,
      files,
      manifest,
      threads: 1,
      parallelSequences: 2,
      contextTokens: 1024,
      queueLimit: 8,
      logLevel: 'error',
      ...options,
    },
    log,
  );
  const get = async (path: string) => (await call(listen, path, null, {})).text;
  const health = async () => JSON.parse(await get('/health')) as WorkerHealth;
  const post = (path: string, body: Body | string, headers: Headers = {}) =>
    call(listen, path, typeof body === 'string' ? body : JSON.stringify(body), headers);
  return {
    listen,
    get,
    post,
    health,
    async ready() {
      for (;;) {
        const { phase } = await health();
        if (phase !== 'loading') return phase;
        await pause(20);
      }
    },
    async json<T>(path: string, body: Body, headers: Headers = {}): Promise<T> {
      const answer = await post(path, body, headers);
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
      return JSON.parse(answer.text) as T;
    },
    async chat(body: Body): Promise<ChatCompletion & { samovar: Record<string, unknown> }> {
      return this.json('/v1/chat/completions', { model: 'm', ...body });
    },
    /** The whole stream; `onChunk` sees each chunk as it comes. */
    async stream(body: Body, headers: Headers = {}, onChunk: (count: number) => void = () => undefined) {
      const sent = { model: 'm', stream: true, stream_options: { include_usage: true }, ...body };
      return readStream(listen, sent, headers, onChunk);
    },
    stop: (graceMs = 200) => running.stop(graceMs),
  };
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function call(
  socketPath: string,
  path: string,
  body: string | null,
  headers: Headers,
): Promise<WorkerAnswer> {
  return new Promise((resolve, reject) => {
    const method = body === null ? 'GET' : 'POST';
    const sent = request({ socketPath, path, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

async function readStream(
  socketPath: string,
  body: Body,
  headers: Headers,
  onChunk: (count: number) => void,
): Promise<StreamedAnswer> {
  const begunAt = performance.now();
  let firstEventMs = 0;
  let seen = 0;
  const answer = await new Promise<WorkerAnswer>((resolve, reject) => {
    const sent = request(
      { socketPath, path: '/v1/chat/completions', method: 'POST', headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          firstEventMs ||= performance.now() - begunAt;
          text += piece;
          seen += piece.split('\n\n').length - 1;
          onChunk(seen);
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
  const chunks = readEvents(answer.text);
  const content = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
  return { ...answer, chunks, content, firstEventMs };
}

/** The JSON of each event but the last, which must be `[DONE]`. */
export function readEvents(text: string): StreamedAnswer['chunks'] {
  const events = text.split('\n\n').filter((event) => event !== '');
  return events
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice('data: '.length)) as StreamedAnswer['chunks'][number]);
}
