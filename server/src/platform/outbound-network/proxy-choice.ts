import { BlockList, isIP } from 'node:net';
import { SamovarError } from '../../kernel/errors.ts';
import type { NetworkAccess } from './network-access.ts';

/** A proxy of the company, as the environment names it. */
export interface ProxyAddress {
  readonly secure: boolean;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** The value of `proxy-authorization`; `null`: it wants none. */
  readonly authorization: string | null;
  /** As undici takes it, credentials included. */
  readonly url: string;
}

/** The proxy that leads to an address; `null`: it is reached directly. */
export type ProxyChoice = (url: URL) => ProxyAddress | null;

/** Never behind a proxy: there, they would be the proxy's own machine. */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Follows `HTTP_PROXY` for `http:` addresses, `HTTPS_PROXY` for `https:` ones (the former stands in for the latter), but
 * for what `NO_PROXY` exempts: a host with all names below it, `.domain` or `*.domain` (what is below alone), an address
 * or `address/prefix`, each with `:port` or without, `*` everything. Throws `setup.setting_invalid`.
 */
export function createProxyChoice(network: NetworkAccess): ProxyChoice {
  const http = readProxy(network.httpProxy, 'HTTP_PROXY');
  const https = readProxy(network.httpsProxy, 'HTTPS_PROXY') ?? http;
  const exempt = network.noProxy
    .split(/[\s,]+/)
    .flatMap((entry) => (entry === '' ? [] : [readExempt(entry)]));
  return (url) => {
    const proxy = url.protocol === 'https:' ? https : http;
    if (proxy === null) return null;
    const host = url.hostname.toLowerCase().replace(/^\[|\]$|\.$/g, '');
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    const direct =
      host === 'localhost' ||
      host.endsWith('.localhost') ||
      contains(loopback, host) ||
      exempt.some((matches) => matches(host, port));
    return direct ? null : proxy;
  };
}

function readProxy(text: string | null, source: string): ProxyAddress | null {
  if (text === null) return null;
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '')
    throw invalid(source, 'it must be `http://host:port` or `https://host:port`.');
  const secure = url.protocol === 'https:';
  return {
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (secure ? 443 : 80)),
    authorization: authorizationOf(url, source),
    url: url.href,
  };
}

function authorizationOf({ username, password }: URL, source: string): string | null {
  if (username === '' && password === '') return null;
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(credentials).toString('base64')}`;
  } catch {
    throw invalid(source, 'a percent sign in its user name or password is written as `%25`.');
  }
}

/** It may hold a password: it is not repeated. */
function invalid(source: string, reason: string): SamovarError {
  return new SamovarError('setup.setting_invalid', { params: { name: 'proxy', source, reason } });
}

function readExempt(entry: string): (host: string, port: string) => boolean {
  const text = entry.toLowerCase();
  if (text === '*') return () => true;
  const [, bracketed, plain, exactPort] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  // An IPv6 address without brackets holds colons, but no port.
  const matches = hostMatcher(bracketed ?? plain ?? text);
  return (host, port) => (exactPort === undefined || exactPort === port) && matches(host);
}

function hostMatcher(name: string): (host: string) => boolean {
  const [net = '', prefix] = name.split('/');
  const family = isIP(net);
  if (family !== 0) {
    const bits = Number(prefix ?? (family === 4 ? 32 : 128));
    if (!(bits >= 0 && bits <= (family === 4 ? 32 : 128))) return () => false;
    const range = new BlockList();
    range.addSubnet(net, bits, family === 4 ? 'ipv4' : 'ipv6');
    return (host) => contains(range, host);
  }
  const below = name.replace(/^\*?\.?/, '.');
  const exact = below === `.${name}` ? name : null;
  return (host) => host === exact || host.endsWith(below);
}

function contains(range: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && range.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
