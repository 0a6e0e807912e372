import { randomFillSync } from 'node:crypto';

/** Prefixes that ids wear at the surfaces; tables hold the bare UUIDv7. */
export type IdPrefix =
  | 'key'
  | 'mdl'
  | 'ver'
  | 'dep'
  | 'wrk'
  | 'host'
  | 'req'
  | 'chatcmpl'
  | 'cmpl'
  | 'resp'
  | 'msg'
  | 'fc'
  | 'rs'
  | 'call';

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const randomBytesPerId = 10;
/** Drawn in large portions: the data path makes two ids for each request. */
const random = new Uint8Array(randomBytesPerId * 512);
let used = random.length;

/** A new time-ordered UUID (RFC 9562, version 7): 48 bits of milliseconds, then 74 random bits. */
export function newId(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const byte = (index: number): number => random[used + index] ?? 0;
  const pair = (index: number): string => `${hex[byte(index)]}${hex[byte(index + 1)]}`;
  const time = Date.now().toString(16).padStart(12, '0');
  const version = `7${hex[byte(0)]?.charAt(1)}${hex[byte(1)]}`;
  const variant = `${hex[(byte(2) & 0x3f) | 0x80]}${hex[byte(3)]}`;
  const id = `${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}-${pair(4)}${pair(6)}${pair(8)}`;
  used += randomBytesPerId;
  return id;
}

/** `key` and a UUID become `key_0198…` (without dashes). */
export function withPrefix(prefix: IdPrefix, id: string): string {
  return `${prefix}_${id.replaceAll('-', '')}`;
}

/** The UUID of a prefixed id, or `null` when it is not one with this prefix. A bare UUID is accepted too. */
export function withoutPrefix(prefix: IdPrefix, text: string): string | null {
  const hex = (text.startsWith(`${prefix}_`) ? text.slice(prefix.length + 1) : text).replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(hex)) return null;
  const part = (from: number, to: number) => hex.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`.toLowerCase();
}
