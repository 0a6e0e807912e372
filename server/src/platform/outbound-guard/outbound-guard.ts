import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { SamovarError } from '../../kernel/errors.ts';
import type { OutboundAddress, OutboundGuard } from '../../kernel/ports/outbound-guard.ts';
import { type AddressKind, addressKind, plainAddress } from './address-kind.ts';
import { parseAllowList } from './allow-list.ts';

/** Reserved for networks of one's own, or in use there everywhere (RFC 6761, 6762, 8375; ICANN on `.internal`). */
const internalName = /\.(?:internal|local|localhost|localdomain|home\.arpa|home|lan|intranet|corp|private)$/;

export interface OutboundGuardOptions {
  /** The entries of `SAMOVAR_OUTBOUND_ALLOW`. */
  readonly allow: readonly string[];
  /** Addresses of a name; the system's resolver when absent. */
  readonly resolveName?: (host: string) => Promise<readonly OutboundAddress[]>;
}

/** Throws `setup.setting_invalid` when an entry cannot be understood. */
export function createOutboundGuard(options: OutboundGuardOptions): OutboundGuard {
  const allowed = parseAllowList(options.allow);
  const resolveName = options.resolveName ?? resolveBySystem;

  /** Why the address may not be reached, `null` when it may. */
  function refusal(address: string, port: number): AddressKind | null {
    const plain = plainAddress(address);
    const kind = addressKind(plain);
    if (kind === null || allowed.lists(plain, port)) return null;
    // A wide range is written for machines, not for what hands out credentials: that is named by itself or not at all.
    return kind !== 'a cloud metadata service' && allowed.covers(plain) ? null : kind;
  }

  async function resolve(host: string, port: number): Promise<readonly OutboundAddress[]> {
    const bare = host.replace(/^\[|\]$/g, '');
    const family = isIP(bare);
    const addresses =
      family === 0
        ? await resolveName(nameOf(host))
        : [{ address: bare, family: family === 4 ? 4 : 6 } as const];
    if (family === 0 && allowed.names(nameOf(host), port)) return addresses;
    for (const { address } of addresses) {
      const kind = refusal(address, port);
      if (kind !== null) throw refused(host, port, kind);
    }
    return addresses;
  }

  return {
    resolve,
    async permitByProxy(host, port) {
      const name = nameOf(host);
      const isName = isIP(host.replace(/^\[|\]$/g, '')) === 0;
      if (isName && allowed.names(name, port)) return;
      if (isName && (!name.includes('.') || internalName.test(name)))
        throw refused(host, port, 'a name of an internal network');
      try {
        await resolve(host, port);
      } catch (error) {
        if (error instanceof SamovarError) throw error;
        // A name that only the proxy knows.
      }
    },
  };
}

/** Addresses may end a name with dots, and some resolvers take more than one. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/\.+$/, '');
}

function refused(host: string, port: number, kind: string): SamovarError {
  return new SamovarError('request.address_refused', { params: { address: `${host}:${port}`, kind } });
}

async function resolveBySystem(host: string): Promise<readonly OutboundAddress[]> {
  const found = await lookup(host, { all: true, order: 'verbatim' });
  return found.map(({ address, family }) => ({ address, family: family === 4 ? 4 : 6 }));
}
