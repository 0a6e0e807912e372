import type { RemoteEndpoint } from '../../kernel/ports/remote-transport.ts';
import type { RemoteEngine } from './remote-engine.ts';

/** How a connection is called; a change of it makes new connections. */
export function endpointOf(
  engine: Pick<RemoteEngine, 'id' | 'revision' | 'baseUrl' | 'ca' | 'timeouts'>,
): RemoteEndpoint {
  const { timeouts } = engine;
  return {
    key: `${engine.id}/${engine.revision}`,
    origin: new URL(engine.baseUrl).origin,
    ca: engine.ca,
    timeouts: {
      connectMs: timeouts.connectSeconds * 1000,
      firstByteMs: timeouts.firstByteSeconds * 1000,
      idleMs: timeouts.idleSeconds * 1000,
      wholeMs: timeouts.wholeSeconds * 1000,
    },
  };
}

/** What stands before `/v1/…`: empty or `/prefix`. */
export function pathPrefixOf(baseUrl: string): string {
  const { pathname } = new URL(baseUrl);
  return pathname === '/' ? '' : pathname.replace(/\/$/, '');
}
