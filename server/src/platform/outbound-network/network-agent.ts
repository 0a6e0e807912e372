import { Agent, Dispatcher, ProxyAgent } from 'undici';
import type { OutboundGuard } from '../../kernel/ports/outbound-guard.ts';
import { createGuardedConnector } from '../outbound-guard/guarded-connector.ts';
import { type NetworkAccess, trustedAuthorities } from './network-access.ts';
import { createProxyChoice, type ProxyAddress, type ProxyChoice } from './proxy-choice.ts';

export interface NetworkAgentOptions {
  /** A connection that carries nothing for so long in the middle of a request fails it. */
  readonly silenceMs: number;
  /** Lets through what is connected to, redirects included; `null`: everything. */
  readonly guard: OutboundGuard | null;
}

const connectTimeoutMs = 15_000;

/** An undici dispatcher that goes through the configured proxies and trusts the configured authorities. */
export function createNetworkAgent(
  network: NetworkAccess,
  { silenceMs, guard }: NetworkAgentOptions,
): Dispatcher {
  const authorities = trustedAuthorities(network);
  const ca = authorities === undefined ? {} : { ca: authorities };
  const connect = { timeout: connectTimeoutMs, ...ca };
  // Parallel parts of a file are to have a connection each.
  const limits = { headersTimeout: silenceMs, bodyTimeout: silenceMs, allowH2: false };
  const direct = new Agent({
    ...limits,
    connect: guard === null ? connect : createGuardedConnector(guard, { ...connect, allowH2: false }),
  });
  if (network.httpProxy === null && network.httpsProxy === null) return direct;
  return new ChoosingAgent({
    choose: createProxyChoice(network),
    direct,
    guard,
    create: ({ url }) => new ProxyAgent({ ...limits, connect, uri: url, requestTls: ca, proxyTls: ca }),
  });
}

interface ChoosingParts {
  readonly choose: ProxyChoice;
  readonly direct: Dispatcher;
  readonly guard: OutboundGuard | null;
  create(proxy: ProxyAddress): Dispatcher;
}

/** Sends each request directly or by a proxy; what a proxy is to connect to, the guard is asked for before. */
class ChoosingAgent extends Dispatcher {
  readonly #parts: ChoosingParts;
  readonly #proxies = new Map<string, Dispatcher>();

  constructor(parts: ChoosingParts) {
    super();
    this.#parts = parts;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { choose, direct, guard } = this.#parts;
    const url = new URL(options.origin ?? '');
    const proxy = choose(url);
    if (proxy === null) return direct.dispatch(options, handler);
    const agent = this.#agentOf(proxy);
    if (guard === null) return agent.dispatch(options, handler);
    guard
      .permitByProxy(url.hostname, Number(url.port || (url.protocol === 'https:' ? 443 : 80)))
      .then(() => agent.dispatch(options, handler))
      .catch((error: Error) => handler.onResponseError?.(neverBegun, error));
    return true;
  }

  override async close(): Promise<void> {
    await Promise.all(this.#all().map((agent) => agent.close()));
  }

  override async destroy(): Promise<void> {
    await Promise.all(this.#all().map((agent) => agent.destroy()));
  }

  #all(): Dispatcher[] {
    return [this.#parts.direct, ...this.#proxies.values()];
  }

  #agentOf(proxy: ProxyAddress): Dispatcher {
    let agent = this.#proxies.get(proxy.url);
    if (!agent) {
      agent = this.#parts.create(proxy);
      this.#proxies.set(proxy.url, agent);
    }
    return agent;
  }
}

/** Of a request that was refused before there was anything to control. */
const neverBegun: Dispatcher.DispatchController = {
  aborted: true,
  paused: false,
  reason: null,
  abort() {},
  pause() {},
  resume() {},
};
