import type { ChaosStack } from './chaos-stack.ts';

/** What became of a request, as its client saw it. */
export interface Outcome {
  readonly kind: RequestKind;
  /**
   * `completed` with everything that the protocol promises, `refused` with an error in the published form (as an
   * answer or as the last event of a stream), `broken` by the connection, `aborted` by the client, and `truncated`:
   * it looked like a success and was none, which must not happen.
   */
  readonly end: 'completed' | 'refused' | 'broken' | 'aborted' | 'truncated';
  /** `null` when no head of an answer arrived. */
  readonly requestId: string | null;
  readonly status: number | null;
  readonly errorCode: string | null;
  readonly usage: Usage | null;
  /** Events with a piece of text. */
  readonly pieces: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens?: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number };
}

export type RequestKind = 'stream' | 'whole' | 'embedding' | 'abort-stream' | 'abort-whole';

interface Seen {
  requestId: string | null;
  status: number | null;
  errorCode: string | null;
  usage: Usage | null;
  pieces: number;
  finished: boolean;
  done: boolean;
}

const prompt = 'Write a long story about tea in the mountains.';

/** Sends one request and follows it to its end. Never throws. */
export async function sendRequest(stack: ChaosStack, kind: RequestKind, tokens = 40): Promise<Outcome> {
  const startedAt = Date.now();
  const abort = new AbortController();
  const seen: Seen = {
    requestId: null,
    status: null,
    errorCode: null,
    usage: null,
    pieces: 0,
    finished: false,
    done: false,
  };
  const timer = kind === 'abort-whole' ? setTimeout(() => abort.abort(), 150) : undefined;
  let end: Outcome['end'];
  try {
    const answer = await fetch(
      `${stack.url}/v1/${kind === 'embedding' ? 'embeddings' : 'chat/completions'}`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
        body: JSON.stringify(bodyOf(kind, tokens)),
        signal: abort.signal,
      },
    );
    seen.requestId = answer.headers.get('x-request-id');
    seen.status = answer.status;
    if (answer.ok && kind.endsWith('stream')) await readEvents(answer, kind, seen, abort);
    else readWhole(await answer.text(), seen);
    end = seen.errorCode !== null ? 'refused' : seen.done ? 'completed' : 'truncated';
  } catch {
    // The connection broke, by us or by the other side: told apart by whether we asked for it.
    end = abort.signal.aborted ? 'aborted' : 'broken';
  }
  clearTimeout(timer);
  const { requestId, status, errorCode, usage, pieces } = seen;
  return { kind, end, requestId, status, errorCode, usage, pieces, startedAt, endedAt: Date.now() };
}

function bodyOf(kind: RequestKind, tokens: number): object {
  if (kind === 'embedding') return { model: 'embedding-default', input: ['A samovar sings', 'Tea is ready'] };
  return {
    model: 'chat-default',
    messages: [{ role: 'user', content: prompt }],
    max_completion_tokens: kind.startsWith('abort') ? 400 : tokens,
    temperature: 0.8,
    ...(kind.endsWith('stream') ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

function readWhole(text: string, seen: Seen): void {
  const answer: {
    error?: ErrorBody;
    usage?: Usage;
    choices?: { finish_reason: string | null }[];
    data?: unknown[];
  } = JSON.parse(text);
  seen.errorCode = codeOf(answer.error);
  seen.usage = answer.usage ?? null;
  seen.done =
    answer.usage !== undefined && Boolean(answer.choices?.[0]?.finish_reason ?? answer.data?.length);
}

async function readEvents(
  answer: Response,
  kind: RequestKind,
  seen: Seen,
  abort: AbortController,
): Promise<void> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    const events = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) readEvent(event.replace(/^data: /, ''), seen);
    if (kind === 'abort-stream' && seen.pieces >= 5) abort.abort();
  }
}

function readEvent(data: string, seen: Seen): void {
  if (data === '[DONE]') {
    seen.done = seen.finished;
    return;
  }
  const event: {
    error?: ErrorBody;
    usage?: Usage | null;
    choices?: { delta: { content?: string }; finish_reason: string | null }[];
  } = JSON.parse(data);
  seen.errorCode ??= codeOf(event.error);
  seen.usage = event.usage ?? seen.usage;
  if (event.choices?.[0]?.delta.content) seen.pieces += 1;
  if (event.choices?.[0]?.finish_reason) seen.finished = true;
}

interface ErrorBody {
  readonly message: string;
  readonly code?: string | null;
  readonly type: string;
}

function codeOf(error: ErrorBody | undefined): string | null {
  return error ? (error.code ?? error.type) : null;
}
