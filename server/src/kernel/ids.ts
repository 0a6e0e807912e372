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
/** Where the random digits stand, the first of the group of the variant left out. */
const randomPlaces = [20, 21, 22, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35];

const largestCount = 0xfff;
/** A clock that was set back by more than this is followed; ids of a smaller step go on from the latest one. */
const longestSetBackMs = 10_000;
let latestMs = 0;
let count = 0;

/**
 * A new time-ordered UUID (RFC 9562, version 7): 48 bits of milliseconds, 12 of a counter that begins at random in
 * each millisecond (section 6.2, method 1), 62 random ones. Those of one process sort in the order they were made in.
 */
export function newId(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  advance(Date.now());
  writeTime(latestMs);
  text[15] = digit(count >> 8);
  text[16] = digit(count >> 4);
  text[17] = digit(count);
  for (let index = 0; index < randomPlaces.length; index += 1) {
    const byte = random[used + (index >> 1)] ?? 0;
    text[randomPlaces[index] ?? 0] = digit(index % 2 === 0 ? byte >> 4 : byte);
  }
  text[19] = digit(0x8 | ((random[used + 7] ?? 0) & 0x3));
  used += randomBytesPerId;
  return text.toString('latin1');
}

/** The next millisecond and count: a count that is used up borrows from the millisecond to come. */
function advance(now: number): void {
  const follow = now > latestMs || latestMs - now > longestSetBackMs;
  if (!follow && count < largestCount) {
    count += 1;
    return;
  }
  latestMs = follow ? now : latestMs + 1;
  // Its upper bit begins at zero: half of the counts are always left.
  count = (((random[used + 8] ?? 0) << 8) | (random[used + 9] ?? 0)) & (largestCount >> 1);
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
