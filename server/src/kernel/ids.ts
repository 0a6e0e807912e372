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
  | 'op'
  | 'imp'
  | 'upl'
  | 'mov'
  | 'can'
  | 'chk'
  | 'chatcmpl'
  | 'cmpl'
  | 'resp'
  | 'msg'
  | 'fc'
  | 'rs'
  | 'call';

const randomBytesPerId = 10;
/** Drawn in large portions: the data path makes two ids for each request. */
const random = new Uint8Array(randomBytesPerId * 512);
let used = random.length;

const hexDigits = Buffer.from('0123456789abcdef');
/** Filled anew for each id; the dashes stay. One flat text costs the collector less than one of many pieces. */
const text = Buffer.from('00000000-0000-7000-8000-000000000000');
/** Where the random digits stand, the first of each group of the version and the variant left out. */
const randomPlaces = [15, 16, 17, 20, 21, 22, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35];

/** A new time-ordered UUID (RFC 9562, version 7): 48 bits of milliseconds, then 74 random bits. */
export function newId(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  writeTime(Date.now());
  for (let index = 0; index < randomPlaces.length; index += 1) {
    const byte = random[used + (index >> 1)] ?? 0;
    text[randomPlaces[index] ?? 0] = digit(index % 2 === 0 ? byte >> 4 : byte);
  }
  text[19] = digit(0x8 | ((random[used + 9] ?? 0) & 0x3));
  used += randomBytesPerId;
  return text.toString('latin1');
}

function writeTime(milliseconds: number): void {
  let left = milliseconds;
  for (let place = 12; place >= 0; place -= 1) {
    if (place === 8) continue;
    text[place] = digit(left % 16);
    left = Math.floor(left / 16);
  }
}

function digit(value: number): number {
  return hexDigits[value & 0xf] ?? 0;
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
