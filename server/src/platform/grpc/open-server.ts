import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type SecureServerOptions,
  type ServerOptions,
} from 'node:http2';
import type { Certificate } from '../../kernel/ports/certificate.ts';

const headersLimitBytes = 32 * 1024;
const streamsPerConnection = 1000;
/** Of one stream, what a client may send ahead. */
const streamWindowBytes = 256 * 1024;
/** Node counts what waits to be sent too: an answer of the largest size must fit several times. */
const sessionMemoryMegabytes = 256;

/** An HTTP/2 server with the limits of gRPC, not listening yet. `certificate` is `null` for plain connections. */
export function openServer(
  certificate: Certificate | null,
  handshakeMs: number,
): Http2Server | Http2SecureServer {
  const common: ServerOptions = {
    settings: {
      maxConcurrentStreams: streamsPerConnection,
      initialWindowSize: streamWindowBytes,
      maxHeaderListSize: headersLimitBytes,
    },
    maxSessionMemory: sessionMemoryMegabytes,
  };
  if (certificate === null) return createServer(common);
  const secure: SecureServerOptions = {
    ...common,
    ...certificate.secureContextOptions(),
    handshakeTimeout: handshakeMs,
  };
  const server = createSecureServer(secure);
  certificate.onChange((changed) => server.setSecureContext(changed));
  return server;
}
