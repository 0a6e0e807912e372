import { Readable } from 'node:stream';
import { faultOfAnswer } from './answer-fault.ts';
import { bodyOfStream } from './download/byte-body.ts';
import type { ByteRange, ByteSource, OpenedBytes } from './download/byte-source.ts';
import { tagOf } from './entity-tag.ts';
import type { PartRequest } from './parts/part-connections.ts';
import { PassingFault } from './passing-fault.ts';
import type { SourceAnswer, SourceHttp } from './source-http.ts';

export interface HttpBytesOptions {
  readonly url: string;
  /** Asked anew for each request: it may have run out. */
  authorization?(signal: AbortSignal): Promise<string | null>;
  /** An unwelcome answer as the error it means; absent or `null`: by its status alone. */
  faultOf?(answer: SourceAnswer): Error | null;
}

/** Addresses that a redirect gave are used again for so long: they are signed for a while. */
const redirectMs = 5 * 60_000;

interface Located {
  readonly url: URL;
  readonly until: number;
}

/**
 * A file of an HTTP server, by ranges. Once the server has been found to know them, further parts come over plain
 * connections of their own, directly from where the server redirects.
 */
export function createHttpBytes(http: SourceHttp, options: HttpBytesOptions): ByteSource {
  const origin = new URL(options.url).origin;
  const parts = http.partConnections();
  let located: Located | null = null;

  async function openPart(range: ByteRange, signal: AbortSignal): Promise<OpenedBytes | null> {
    if (located === null || performance.now() > located.until) return null;
    const used = located;
    const { url } = used;
    const headers: Record<string, string> = {};
    const authorization = url.origin === origin ? await options.authorization?.(signal) : null;
    if (authorization) headers.authorization = authorization;
    let opened: OpenedBytes | null = null;
    try {
      opened = await (parts === null
        ? askAgain({ url, headers, range, signal })
        : parts.open({ url, headers, range, signal }));
    } finally {
      // Whatever came of it, the next try asks the server itself.
      if (opened === null && located === used) located = null;
    }
    return opened;
  }

  /** As `parts.open` does, through a proxy. */
  async function askAgain({ url, headers, range, signal }: PartRequest): Promise<OpenedBytes | null> {
    const answer = await http.request({
      url: url.href,
      headers: { ...headers, ...rangeHeader(range) },
      signal,
    });
    if (answer.status === 206) return openedBy(answer, range);
    answer.discard();
    return null;
  }

  return {
    async open(range, signal) {
      const part = await openPart(range, signal);
      if (part !== null) return part;
      const authorization = (await options.authorization?.(signal)) ?? null;
      const answer = await http.request({
        url: options.url,
        headers: rangeHeader(range),
        authorization,
        signal,
      });
      const opened = openedBy(answer, range);
      if (opened !== null) {
        if (answer.status === 206)
          located = { url: new URL(answer.url), until: performance.now() + redirectMs };
        return opened;
      }
      const fault = options.faultOf?.(answer) ?? null;
      if (fault === null) throw faultOfAnswer(answer);
      answer.discard();
      throw fault;
    },
    close: () => parts?.close(),
  };
}

function rangeHeader({ start, end }: ByteRange): { readonly range: string } {
  return { range: `bytes=${start}-${end - 1}` };
}

/** `null` when the answer carries no bytes of the file. */
function openedBy(answer: SourceAnswer, range: ByteRange): OpenedBytes | null {
  const tag = tagOf(answer.header);
  const body = bodyOfStream(answer.body);
  if (answer.status === 200) {
    const length = answer.header('content-length');
    return { ranged: false, totalBytes: length === null ? null : Number(length), tag, body };
  }
  if (answer.status === 416) {
    const [, whole] = /^bytes \*\/(\d+)$/.exec(answer.header('content-range') ?? '') ?? [];
    if (whole === undefined) return null;
    answer.discard();
    // An empty file has no range; another one is not as long as it was.
    const nothing = bodyOfStream(Readable.from([]));
    return { ranged: whole !== '0', totalBytes: Number(whole), tag, body: nothing };
  }
  if (answer.status !== 206) return null;
  const [, start, end, total] =
    /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.header('content-range') ?? '') ?? [];
  const last = total === undefined || total === '*' ? range.end : Math.min(range.end, Number(total));
  if (total === undefined || Number(start) !== range.start || Number(end) !== last - 1) {
    body.destroy();
    throw new PassingFault(`${new URL(answer.url).host} sent another part than it was asked for`);
  }
  return { ranged: true, totalBytes: total === '*' ? null : Number(total), tag, body };
}
