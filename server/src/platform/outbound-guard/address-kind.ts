import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Why an address is not a public one, in words that complete "the address is …". */
export type AddressKind =
  | 'loopback'
  | 'private'
  | 'link-local'
  | 'a cloud metadata service'
  | 'multicast'
  | 'reserved';

/** Special-purpose blocks of IPv4 (IANA registry, RFC 6890 and its updates). */
const ipv4Blocks: readonly (readonly [string, number, AddressKind])[] = [
  ['0.0.0.0', 8, 'loopback'],
  ['127.0.0.0', 8, 'loopback'],
  ['10.0.0.0', 8, 'private'],
  ['172.16.0.0', 12, 'private'],
  ['192.168.0.0', 16, 'private'],
  ['100.64.0.0', 10, 'private'],
  ['169.254.0.0', 16, 'link-local'],
  ['192.0.0.0', 24, 'reserved'],
  ['192.0.2.0', 24, 'reserved'],
  ['192.88.99.0', 24, 'reserved'],
  ['198.18.0.0', 15, 'reserved'],
  ['198.51.100.0', 24, 'reserved'],
  ['203.0.113.0', 24, 'reserved'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'reserved'],
];

/** The same of IPv6; what is outside 2000::/3 and not here is reserved too. */
const ipv6Blocks: readonly (readonly [string, number, AddressKind])[] = [
  ['::', 128, 'loopback'],
  ['::1', 128, 'loopback'],
  ['fc00::', 7, 'private'],
  ['fec0::', 10, 'private'],
  ['fe80::', 10, 'link-local'],
  ['ff00::', 8, 'multicast'],
  // Teredo, ORCHID, benchmarking and the rest of the protocol assignments: tunnels to what cannot be judged.
  ['2001::', 23, 'reserved'],
  ['2001:db8::', 32, 'reserved'],
  ['2002::', 16, 'reserved'],
  ['3fff::', 20, 'reserved'],
];

/** Services that hand out credentials to whoever asks from inside a machine. */
const metadataAddresses = new Set([
  ...['169.254.169.254', 'fd00:ec2::254', 'fd20:ce::254', '100.100.100.200'],
  // Those of containers and pods at AWS, and what answers Azure's agents, at an address that looks public.
  ...['169.254.170.2', '169.254.170.23', 'fd00:ec2::23', '168.63.129.16'],
]);

const blocks = [
  ...ipv4Blocks.map(([net, prefix, kind]) => ({ list: blockOf(net, prefix, 'ipv4'), kind })),
  ...ipv6Blocks.map(([net, prefix, kind]) => ({ list: blockOf(net, prefix, 'ipv6'), kind })),
];
const globalUnicast = blockOf('2000::', 3, 'ipv6');

/** What keeps an IP address from being a public one, `null` when nothing does. Takes no zone and no brackets. */
export function addressKind(address: string): AddressKind | null {
  const plain = plainAddress(address);
  if (metadataAddresses.has(plain)) return 'a cloud metadata service';
  const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
  const block = blocks.find(({ list }) => list.check(plain, family));
  if (block) return block.kind;
  return family === 'ipv6' && !globalUnicast.check(plain, 'ipv6') ? 'reserved' : null;
}

/**
 * One spelling for each address: IPv6 compressed as RFC 5952 says, without its zone; the IPv4 address that an IPv6 one
 * only wraps (mapped, compatible, NAT64's well-known prefix). Throws for what is no IP address.
 */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, '');
  if (isIPv4(bare)) return bare;
  if (!isIPv6(bare)) throw new Error(`${address} is no IP address`);
  // The URL parser writes the one canonical form.
  const canonical = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const wrapped = /^(?:::ffff:|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!wrapped) return canonical;
  const [high, low] = [Number.parseInt(wrapped[1] ?? '', 16), Number.parseInt(wrapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function blockOf(net: string, prefix: number, family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  list.addSubnet(net, prefix, family);
  return list;
}
