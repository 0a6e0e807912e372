import type { ServerSettings } from '../config/load-settings.ts';
import { readPackageMirrors } from '../config/package-mirrors.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Database } from '../kernel/ports/database.ts';
import type { Log } from '../kernel/ports/log.ts';
import type { RemoteTransport } from '../kernel/ports/remote-transport.ts';
import type { RemoteEngineDependencies } from '../modules/remote-engines/index.ts';
import { createOutboundGuard } from '../platform/outbound-guard/outbound-guard.ts';
import { createConfigVersion } from '../platform/postgres/config-version.ts';
import { createRemoteTransport } from '../platform/remote-transport/remote-transport.ts';
import { createSealing } from '../platform/sealing/sealing.ts';

type OutboundSettings = Pick<ServerSettings, 'outboundAllow'> & Parameters<typeof readPackageMirrors>[0];

/**
 * Connections to foreign engines, inside what `SAMOVAR_OUTBOUND_ALLOW` lets through, by the company's proxies where the
 * environment names some. Throws `setup.setting_invalid`.
 */
export function openRemoteTransport(settings: OutboundSettings): RemoteTransport {
  return createRemoteTransport({
    guard: createOutboundGuard({ allow: settings.outboundAllow }),
    network: readPackageMirrors(settings),
  });
}

/** What manages and probes connected engines needs, with connections of its own. */
export function openRemoteEngines(parts: {
  readonly settings: OutboundSettings;
  readonly database: Database;
  readonly masterKey: Buffer;
  readonly log: Log;
}): RemoteEngineDependencies {
  const { settings, database, masterKey, log } = parts;
  return {
    database,
    configVersion: createConfigVersion(),
    sealing: createSealing(masterKey),
    transport: openRemoteTransport(settings),
    guard: createOutboundGuard({ allow: settings.outboundAllow }),
    clock: systemClock,
    log,
  };
}
