import { staticTable } from './static-table.ts';

const staticNames = new Map(staticTable.map(({ name }, index) => [name, index + 1] as const).reverse());

/** What a client must not be sent in a value (RFC 9113, section 8.2.1); beyond ASCII is what other servers do not send. */
const unfit = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * Blocks are texts of one character per byte, so that parts that never change are made once and joined to others. Our
 * encoder remembers nothing: its table has no room from the first block on (RFC 7541, sections 4.2 and 6.3).
 */
export const emptyTable = '\x20';

/** A field as a literal that nobody remembers (RFC 7541, section 6.2.2). Throws for a value that no header may have. */
export function encodeField(name: string, value: string): string {
  if (unfit.test(value))
    throw new TypeError(`The value of the header ${name} has characters that none may have`);
  return encodeFieldHead(name, value.length) + value;
}

/** What stands before a value of this length, for those that change while the rest of a field does not. */
export function encodeFieldHead(name: string, valueLength: number): string {
  return encodeName(name) + encodeInteger(0x00, 7, valueLength);
}

/** `:status` (RFC 9113, section 8.3.2), by its index where the static table has it. */
export function encodeStatus(status: number): string {
  const value = String(status);
  const index = staticTable.findIndex((field) => field.name === ':status' && field.value === value);
  return index === -1 ? encodeField(':status', value) : encodeInteger(0x80, 7, index + 1);
}

function encodeName(name: string): string {
  const index = staticNames.get(name);
  if (index !== undefined) return encodeInteger(0x00, 4, index);
  return `\x00${encodeInteger(0x00, 7, name.length)}${name}`;
}

/** RFC 7541, section 5.1. */
function encodeInteger(kind: number, prefixBits: number, value: number): string {
  const most = (1 << prefixBits) - 1;
  if (value < most) return String.fromCharCode(kind | value);
  let text = String.fromCharCode(kind | most);
  let left = value - most;
  while (left >= 0x80) {
    text += String.fromCharCode((left & 0x7f) | 0x80);
    left >>>= 7;
  }
  return text + String.fromCharCode(left);
}
