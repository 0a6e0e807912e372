import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import type { OutboundGuard } from '../../kernel/ports/outbound-guard.ts';
import { type NetworkAccess, trustedAuthorities } from '../outbound-network/network-access.ts';
import { createNetworkAgent } from '../outbound-network/network-agent.ts';
import { refuseInternal } from '../package-sources/refuse-internal.ts';
import { createPartConnections, type PartConnections } from './parts/part-connections.ts';

export interface SourceRequest {
  readonly url: string;
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** The header `authorization`: goes to this URL's origin alone, not to where it redirects. */
  readonly authorization?: string | null;
  /** A redirect is an answer, too. */
  readonly stay?: boolean;
  readonly signal: AbortSignal;
}

export interface SourceAnswer {
  readonly status: number;
  /** By lower-case name; several of one name joined with `, `. */
  header(name: string): string | null;
  readonly body: Readable;
  /** Gives the body up, so that the connection can be used again. */
  discard(): void;
  /** Where the answer came from in the end, all redirects followed. */
  readonly url: string;
}

/** An HTTP client for model sources: proxies, authorities, redirects. */
export interface SourceHttp {
  /** Any status is an answer; rejects when the server cannot be reached. The body must be read or destroyed. */
  request(request: SourceRequest): Promise<SourceAnswer>;
  /** Plain connections for the parts of one file, to be closed with it; `null` where a proxy is between. */
  partConnections(): PartConnections | null;
  close(): Promise<void>;
}

const mostRedirects = 8;

/**
 * With a guard, only those hosts are reached that it allows (and what a proxy reaches by a name that is not known
 * here); without one, any: for addresses that this installation's settings name.
 */
export function createSourceHttp(
  network: NetworkAccess,
  silenceMs: number,
  guard: OutboundGuard | null,
): SourceHttp {
  const agent = createNetworkAgent(network, { silenceMs, guard });
  const proxied = network.httpProxy !== null || network.httpsProxy !== null;

  async function send(request: SourceRequest, url: URL): Promise<SourceAnswer> {
    if (guard !== null && isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) await refuseInternal(guard, url);
    const sameOrigin = url.origin === new URL(request.url).origin;
    const answer = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method ?? 'GET',
      headers: {
        'user-agent': 'samovar',
        'accept-encoding': 'identity',
        ...request.headers,
        ...(request.authorization && sameOrigin ? { authorization: request.authorization } : {}),
      },
      signal: request.signal,
    });
    return {
      status: answer.statusCode,
      header(name) {
        const value = answer.headers[name];
        return Array.isArray(value) ? value.join(', ') : (value ?? null);
      },
      body: answer.body,
      discard() {
        answer.body.dump({ limit: 64 * 1024 }).catch(() => {
          // Nobody wants it any more, whatever broke.
        });
      },
      url: url.href,
    };
  }

  return {
    async request(request) {
      let url = new URL(request.url);
      for (let redirects = 0; ; redirects += 1) {
        const answer = await send(request, url);
        const location = request.stay ? null : answer.header('location');
        if (![301, 302, 303, 307, 308].includes(answer.status) || location === null) return answer;
        answer.discard();
        const next = new URL(location, url);
        refuseRedirect(url, next, redirects);
        url = next;
      }
    },
    partConnections: () =>
      proxied ? null : createPartConnections({ ca: trustedAuthorities(network), guard, silenceMs }),
    close: () => agent.destroy(),
  };
}

function refuseRedirect(from: URL, to: URL, redirects: number): void {
  if (redirects === mostRedirects) throw new Error(`${from.host} redirects without end`);
  if (to.protocol !== 'https:' && to.protocol !== from.protocol)
    throw new Error(`${from.host} redirects to ${to.protocol}//${to.host}, which is not encrypted`);
}
