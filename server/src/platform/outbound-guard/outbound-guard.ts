import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { SamovarError } from '../../kernel/errors.ts';
import type { OutboundAddress, OutboundGuard } from '../../kernel/ports/outbound-guard.ts';
import { type AddressKind, addressKind, plainAddress } from './address-kind.ts';
import { parseAllowList } from './allow-list.ts';

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

  return {
    async resolve(host, port) {
      const bare = host.replace(/^\[|\]$/g, '');
      const name = bare.toLowerCase().replace(/\.$/, '');
      const family = isIP(bare);
      const addresses =
        family === 0 ? await resolveName(name) : [{ address: bare, family: family === 4 ? 4 : 6 } as const];
      if (family === 0 && allowed.names(name, port)) return addresses;
      for (const { address } of addresses) {
        const kind = refusal(address, port);
        if (kind !== null) throw refused(host, port, kind);
      }
      return addresses;
    },
  };
}

function refused(host: string, port: number, kind: AddressKind): SamovarError {
  return new SamovarError('request.address_refused', { params: { address: `${host}:${port}`, kind } });
}

async function resolveBySystem(host: string): Promise<readonly OutboundAddress[]> {
  const found = await lookup(host, { all: true, order: 'verbatim' });
  return found.map(({ address, family }) => ({ address, family: family === 4 ? 4 : 6 }));
}
