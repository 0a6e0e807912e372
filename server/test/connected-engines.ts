import type { Upstream } from './openai-upstream.ts';
import type { RemoteFixture } from './remote-fixture.ts';
import type { UpstreamFlavour, UpstreamRequest } from './upstream-request.ts';

export interface ConnectedEngines {
  /** What they are called by. */
  readonly model: string;
  /** The name of the first connection. */
  readonly engine: string;
  readonly upstreams: readonly Upstream[];
}

let count = 0;

/** Engines that serve one model of their own, connected. */
export async function connectEngines(
  fixture: RemoteFixture,
  options: {
    /** What the connections say besides. */
    readonly more?: object;
    readonly copies?: number;
    readonly flavour?: UpstreamFlavour;
    readonly paceMs?: number;
    readonly text?: string;
  } = {},
): Promise<ConnectedEngines> {
  count += 1;
  const model = `model-${count}`;
  const upstreams: Upstream[] = [];
  for (let copy = 0; copy < (options.copies ?? 1); copy += 1) {
    const upstream = await fixture.upstream({
      flavour: options.flavour ?? 'vllm',
      models: [model],
      ...(options.paceMs && { paceMs: options.paceMs }),
      ...(options.text && { text: options.text }),
    });
    upstreams.push(upstream);
    await fixture.connect(`engine-${count}-${copy}`, upstream, options.more);
  }
  return { model, engine: `engine-${count}-0`, upstreams };
}

/** Answers inference in this way from now on; probes are answered as before. */
export function misbehave(upstream: Upstream | undefined, act: (request: UpstreamRequest) => void): void {
  if (!upstream) return;
  upstream.script = (request) => {
    if (!request.path.startsWith('/v1/chat')) return false;
    act(request);
    return true;
  };
}

/** What an error of the OpenAI surface tells. */
export async function errorOf(
  answer: Response,
): Promise<{ status: number; code: string; message: string; remedy: string }> {
  const body = (await answer.json()) as {
    error: { message: string };
    samovar: { code: string; remedy: string };
  };
  return { status: answer.status, message: body.error.message, ...body.samovar };
}

export const streamHead = { 'content-type': 'text/event-stream' };

/** An event of a chat stream with this much more text. */
export function contentEvent(model: string, content: string): string {
  return `data: ${JSON.stringify({
    id: 'x',
    object: 'chat.completion.chunk',
    created: 1,
    model,
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  })}\n\n`;
}
