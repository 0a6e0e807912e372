import { type Dispatcher, Pool } from 'undici';
import { isJsonObject, type JsonObject } from '../worker-http/read-json-body.ts';
import { asStep, type CompletionStep } from './completion-step.ts';

/** llama-server's own routes over its socket. */
export interface CompletionClient {
  healthy(): Promise<boolean>;
  /** `POST /completion` as one answer. */
  complete(body: JsonObject, signal: AbortSignal): Promise<CompletionStep>;
  /** `POST /completion` as it is generated; the last step has an end. Reads on only as fast as it is read. */
  stream(body: JsonObject, signal: AbortSignal): AsyncGenerator<CompletionStep>;
  close(): Promise<void>;
}

export function createCompletionClient(socketPath: string): CompletionClient {
  // A connection for each request: closing it is how one is cancelled, and llama-server closes those that it finds idle
  // without a word, under a request that is just being sent.
  const pool = new Pool('http://llama-server', {
    socketPath,
    connections: null,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const post = async (body: JsonObject, signal: AbortSignal): Promise<Dispatcher.ResponseData> => {
    const answer = await pool.request({
      method: 'POST',
      path: '/completion',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
      reset: true,
    });
    if (answer.statusCode === 200) return answer;
    throw new Error(
      `llama-server answered ${answer.statusCode}: ${(await answer.body.text()).slice(0, 500)}`,
    );
  };
  return {
    async healthy() {
      const answer = await pool.request({ method: 'GET', path: '/health', reset: true });
      await answer.body.dump();
      return answer.statusCode === 200;
    },
    async complete(body, signal) {
      const answer = await post({ ...body, stream: false }, signal);
      return asStep(await answer.body.json());
    },
    async *stream(body, signal) {
      const answer = await post({ ...body, stream: true }, signal);
      let text = '';
      for await (const piece of answer.body.setEncoding('utf8') as AsyncIterable<string>) {
        text += piece;
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const data = /^(?:data|error): ?(.*)$/s.exec(event)?.[1];
          if (data !== undefined && data !== '[DONE]') yield asStep(checked(JSON.parse(data)));
        }
      }
    },
    close: () => pool.destroy(),
  };
}

/**
 * The same client for one adapter (its number), or for the model without any (`null`): each of its requests says so.
 * An adapter that a request does not name is not applied; one that names none at all gets every adapter, so the model
 * itself names the first one with no strength.
 */
export function withAdapter(client: CompletionClient, id: number | null): CompletionClient {
  const lora = id === null ? [{ id: 0, scale: 0 }] : [{ id, scale: 1 }];
  const named = (body: JsonObject): JsonObject => ({ ...body, lora });
  return {
    ...client,
    complete: (body, signal) => client.complete(named(body), signal),
    stream: (body, signal) => client.stream(named(body), signal),
  };
}

function checked(event: unknown): unknown {
  if (isJsonObject(event) && 'error' in event)
    throw new Error(`llama-server failed: ${JSON.stringify(event.error)}`);
  return event;
}
