import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type SecureContext } from 'node:tls';
import type { OutboundAddress, OutboundGuard } from '../../kernel/ports/outbound-guard.ts';
import type { ProxyAddress } from '../outbound-network/proxy-choice.ts';
import { openTunnel } from './open-tunnel.ts';

const probeMs = 60_000;

/** Every read of every connection lands here and is copied out at once; reads are never nested. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Where the sockets of one endpoint lead, and how. */
export interface SocketTarget {
  readonly guard: OutboundGuard;
  readonly host: string;
  readonly port: number;
  /** `null`: it is reached directly. */
  readonly proxy: ProxyAddress | null;
  /** `null`: without TLS. */
  secureContext(): SecureContext | null;
  proxySecureContext(): SecureContext;
}

export interface SocketReader {
  /** Takes what was read, which is overwritten afterwards. Returns false to read no more until `resume`. */
  read(bytes: Buffer): boolean;
  /** Is given a socket that leads on, to be destroyed when its end is not waited for. */
  hold(socket: Socket): void;
}

export interface OpenedSocket {
  readonly socket: Socket;
  /** It reaches the other end; what is written before waits. */
  readonly ready: 'connect' | 'secureConnect';
}

/**
 * A socket to the target, perhaps on its way still, by an address that the guard has allowed. Through a proxy: to the
 * proxy, which is asked for each request, or by a tunnel where TLS is spoken. Rejects when the guard or the proxy refuses.
 */
export async function openSocket(target: SocketTarget, reader: SocketReader): Promise<OpenedSocket> {
  const { guard, host, port, proxy } = target;
  const secureContext = target.secureContext();
  const onread = {
    buffer: readBuffer,
    callback: (size: number) => reader.read(readBuffer.subarray(0, size)),
  };
  if (proxy === null) {
    const lookup = lookupOf(await guard.resolve(host, port));
    const address = { ...addressOf(host, port), lookup, onread };
    return secureContext === null
      ? plain(connect(address))
      : secure(connectTls({ ...address, ...tls(host, secureContext) }));
  }
  await guard.permitByProxy(host, port);
  const address = addressOf(proxy.host, proxy.port);
  const proxyTls = proxy.secure ? tls(proxy.host, target.proxySecureContext()) : null;
  if (secureContext === null) {
    const read = { ...address, onread };
    return proxyTls === null ? plain(connect(read)) : secure(connectTls({ ...read, ...proxyTls }));
  }
  const tunnel = proxyTls === null ? connect(address) : connectTls({ ...address, ...proxyTls });
  reader.hold(tunnel);
  await openTunnel(tunnel, proxy, `${host}:${port}`);
  const socket = connectTls({ socket: tunnel, ...tls(host, secureContext) });
  // A socket upon another has no buffer of its own to read into.
  socket.on('data', (bytes: Buffer) => {
    if (!reader.read(bytes)) socket.pause();
  });
  return secure(socket);
}

const plain = (socket: Socket): OpenedSocket => ({ socket, ready: 'connect' });
const secure = (socket: Socket): OpenedSocket => ({ socket, ready: 'secureConnect' });

function addressOf(host: string, port: number) {
  const bare = host.replace(/^\[|\]$/g, '');
  return { host: bare, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: probeMs };
}

function tls(host: string, secureContext: SecureContext): ConnectionOptions {
  const servername = isIP(host.replace(/^\[|\]$/g, '')) === 0 ? { servername: host } : {};
  return { ...servername, secureContext, ALPNProtocols: ['http/1.1'] };
}

/** Tells the addresses that were checked, whatever the resolver would say now. */
function lookupOf(addresses: readonly OutboundAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses;
    if (options.all) callback(null, [...addresses]);
    else if (first) callback(null, first.address, first.family);
    else callback(new Error('the name has no address'), '', 4);
  };
}
