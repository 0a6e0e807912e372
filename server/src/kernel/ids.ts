import { v7 } from 'uuid';

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

/** A new time-ordered UUID (RFC 9562, version 7). */
export function newId(): string {
  return v7();
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
