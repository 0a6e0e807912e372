import { Readable } from 'node:stream';
import { faultOfAnswer } from './answer-fault.ts';
import type { ByteRange, ByteSource, OpenedBytes } from './download/byte-source.ts';
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

/** A file of an HTTP server, by ranges. Where the server redirects elsewhere, further parts go there directly. */
export function createHttpBytes(http: SourceHttp, options: HttpBytesOptions): ByteSource {
  let redirected: { readonly url: string; readonly until: number } | null = null;

  async function ask(range: ByteRange, signal: AbortSignal): Promise<SourceAnswer> {
    const headers = { range: `bytes=${range.start}-${range.end - 1}` };
    if (redirected !== null && performance.now() < redirected.until) {
      const answer = await http.request({ url: redirected.url, headers, signal });
      if (answer.status < 400 || answer.status === 416 || answer.status === 429) return answer;
      // The address is not good any more.
      redirected = null;
      answer.discard();
    }
    const authorization = (await options.authorization?.(signal)) ?? null;
    const answer = await http.request({ url: options.url, headers, authorization, signal });
    if (answer.status === 206 && new URL(answer.url).origin !== new URL(options.url).origin)
      redirected = { url: answer.url, until: performance.now() + redirectMs };
    return answer;
  }

  return {
    async open(range, signal) {
      const answer = await ask(range, signal);
      const opened = openedBy(answer, range);
      if (opened !== null) return opened;
      const fault = options.faultOf?.(answer) ?? null;
      if (fault === null) throw faultOfAnswer(answer);
      answer.discard();
      throw fault;
    },
  };
}

/** `null` when the answer carries no bytes of the file. */
function openedBy(answer: SourceAnswer, range: ByteRange): OpenedBytes | null {
  const { body } = answer;
  const tag = tagOf(answer);
  if (answer.status === 200) {
    const length = answer.header('content-length');
    return { ranged: false, totalBytes: length === null ? null : Number(length), tag, body };
  }
  if (answer.status === 416) {
    const [, whole] = /^bytes \*\/(\d+)$/.exec(answer.header('content-range') ?? '') ?? [];
    if (whole === undefined) return null;
    // An empty file has no range; another one is not as long as it was.
    return { ranged: whole !== '0', totalBytes: Number(whole), tag, body: Readable.from([]) };
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

/** What tells these bytes from others; a weak tag does not promise the same bytes. */
export function tagOf(answer: Pick<SourceAnswer, 'header'>): string | null {
  const etag = answer.header('etag');
  if (etag !== null && !etag.startsWith('W/')) return etag;
  return answer.header('last-modified');
}
