import { BlockList, isIP } from 'node:net';
import { SamovarError } from '../../kernel/errors.ts';
import { plainAddress } from './address-kind.ts';

/** What an operator lets through besides public addresses. */
export interface AllowList {
  /** The host is named itself, so that it is allowed whatever it resolves to. */
  names(host: string, port: number): boolean;
  /** The address is listed by itself. */
  lists(address: string, port: number): boolean;
  /** The address lies in a listed range. */
  covers(address: string): boolean;
}

interface HostRule {
  readonly host: string;
  readonly port: number | null;
}

/** Letters, digits, hyphens, underscores and dots; `*.` before it takes every name below. */
const hostName = /^(?:\*\.)?[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?$/;

/**
 * Reads `host`, `*.domain`, `host:port`, `address`, `address:port`, `[address]:port` and `address/prefix` entries.
 * Throws `setup.setting_invalid` for anything else.
 */
export function parseAllowList(entries: readonly string[]): AllowList {
  const ranges = new BlockList();
  const rules: HostRule[] = [];
  for (const entry of entries) {
    const text = entry.trim().toLowerCase();
    if (text.includes('/')) addRange(ranges, entry, text);
    else rules.push(hostRule(entry, text));
  }
  const matches = (found: (host: string) => boolean, port: number): boolean =>
    rules.some((rule) => (rule.port === null || rule.port === port) && found(rule.host));
  return {
    names: (host, port) =>
      matches((ruled) => ruled === host || (ruled.startsWith('*.') && host.endsWith(ruled.slice(1))), port),
    lists: (address, port) => matches((ruled) => ruled === address, port),
    covers: (address) => ranges.check(address, address.includes(':') ? 'ipv6' : 'ipv4'),
  };
}

function addRange(ranges: BlockList, entry: string, text: string): void {
  const [net, prefix, more] = text.split('/');
  const family = isIP(net ?? '');
  const bits = Number(prefix);
  if (net === undefined || family === 0 || more !== undefined || !/^\d{1,3}$/.test(prefix ?? ''))
    throw invalid(entry, 'a range is written as `address/prefix`');
  if (bits > (family === 4 ? 32 : 128)) throw invalid(entry, 'its prefix is too long');
  ranges.addSubnet(net, bits, family === 4 ? 'ipv4' : 'ipv6');
}

function hostRule(entry: string, text: string): HostRule {
  if (isIP(text) !== 0) return { host: plainAddress(text), port: null };
  const parts = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = parts?.[3] === undefined ? null : Number(parts[3]);
  if (host === undefined || (port !== null && (port < 1 || port > 65_535)))
    throw invalid(entry, 'it is neither `host`, `host:port` nor a range');
  if (isIP(host) !== 0) return { host: plainAddress(host), port };
  if (parts?.[1] !== undefined || !hostName.test(host)) throw invalid(entry, 'it is no host name');
  return { host: host.replace(/\.$/, ''), port };
}

function invalid(entry: string, reason: string): SamovarError {
  return new SamovarError('setup.setting_invalid', {
    params: {
      name: 'outboundAllow',
      source: 'SAMOVAR_OUTBOUND_ALLOW',
      reason: `\`${entry}\` cannot be used: ${reason}.`,
    },
  });
}
