import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { Agent, type buildConnector, EnvHttpProxyAgent } from 'undici';

/** How the world outside is reached. */
export interface NetworkAccess {
  /** PEM files trusted besides the usual authorities. */
  readonly caFiles: readonly string[];
  readonly httpProxy: string | null;
  readonly httpsProxy: string | null;
  /** Hosts reached without the proxy, as in NO_PROXY. */
  readonly noProxy: string;
}

export interface NetworkAgentOptions {
  /** A connection that carries nothing for so long in the middle of a request fails it. */
  readonly silenceMs: number;
  /** Makes the connections that go through no proxy, with these options. */
  readonly connector?: (options: buildConnector.BuildOptions) => buildConnector.connector;
}

const connectTimeoutMs = 15_000;

/** An undici agent that goes through the configured proxies and trusts the configured authorities. */
export function createNetworkAgent(
  network: NetworkAccess,
  { silenceMs, connector }: NetworkAgentOptions,
): Agent | EnvHttpProxyAgent {
  const authorities = trustedAuthorities(network);
  const ca = authorities === undefined ? {} : { ca: authorities };
  const connect = { timeout: connectTimeoutMs, ...ca };
  const limits = {
    connect: connector ? connector({ ...connect, allowH2: false }) : connect,
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    // Parallel parts of a file are to have a connection each.
    allowH2: false,
  };
  if (network.httpProxy === null && network.httpsProxy === null) return new Agent(limits);
  return new EnvHttpProxyAgent({
    ...limits,
    requestTls: ca,
    proxyTls: ca,
    // Empty rather than absent: it must not look into the environment by itself.
    httpProxy: network.httpProxy ?? '',
    httpsProxy: network.httpsProxy ?? network.httpProxy ?? '',
    noProxy: network.noProxy,
  });
}

/** Certificates of all authorities that are trusted (PEM); `undefined`: the usual ones alone. */
export function trustedAuthorities({ caFiles }: NetworkAccess): string[] | undefined {
  if (caFiles.length === 0) return undefined;
  return [...getCACertificates('default'), ...caFiles.map((path) => readFileSync(path, 'utf8'))];
}
