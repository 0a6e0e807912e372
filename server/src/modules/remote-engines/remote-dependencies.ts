import type { Clock } from '../../kernel/clock.ts';
import type { ConfigVersion } from '../../kernel/ports/config-version.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { OutboundGuard } from '../../kernel/ports/outbound-guard.ts';
import type { RemoteTransport } from '../../kernel/ports/remote-transport.ts';
import type { Sealing } from '../../kernel/ports/sealing.ts';

export interface RemoteEngineDependencies {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
  readonly sealing: Sealing;
  readonly transport: RemoteTransport;
  readonly guard: OutboundGuard;
  readonly clock: Clock;
  readonly log: Log;
}
