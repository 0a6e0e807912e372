import { readFileSync } from 'node:fs';
import type { ServerSettings } from '../config/load-settings.ts';
import type { RemoteTransport } from '../kernel/ports/remote-transport.ts';
import { createOutboundGuard } from '../platform/outbound-guard/outbound-guard.ts';
import { createRemoteTransport } from '../platform/remote-transport/remote-transport.ts';

/** Connections to foreign engines, inside what `SAMOVAR_OUTBOUND_ALLOW` lets through. Throws `setup.setting_invalid`. */
export function openRemoteTransport(
  settings: Pick<ServerSettings, 'outboundAllow' | 'caFile'>,
): RemoteTransport {
  const guard = createOutboundGuard({ allow: settings.outboundAllow });
  return createRemoteTransport({
    guard,
    ...(settings.caFile === null ? {} : { ca: readFileSync(settings.caFile, 'utf8') }),
  });
}
