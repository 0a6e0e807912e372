import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import type { OutboundAddress, OutboundGuard } from '../../kernel/ports/outbound-guard.ts';

/**
 * The `connect` of an undici client whose every connection, those of redirects included, goes only where the guard
 * allows, and to the very address that it checked. The certificate is still checked against the name.
 */
export function createGuardedConnector(
  guard: OutboundGuard,
  options: buildConnector.BuildOptions = {},
): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) => {
    const port = Number(target.port || (target.protocol === 'https:' ? 443 : 80));
    const serverName =
      target.servername ??
      (isIP(target.hostname.replace(/^\[|\]$/g, '')) === 0 ? target.hostname : undefined);

    /** One address after the other, as long as none takes the connection. */
    function tryNext([first, ...others]: readonly OutboundAddress[]): void {
      if (!first) {
        callback(new Error(`${target.hostname} has no address`), null);
        return;
      }
      const address = { ...target, hostname: first.address };
      connect(serverName === undefined ? address : { ...address, servername: serverName }, (...outcome) => {
        if (outcome[0] !== null && others.length > 0) tryNext(others);
        else callback(...outcome);
      });
    }

    guard
      .resolve(target.hostname, port)
      .then(tryNext, (error: unknown) =>
        callback(error instanceof Error ? error : new Error(String(error)), null),
      );
  };
}
