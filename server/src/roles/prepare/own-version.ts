import { readFileSync } from 'node:fs';

/** The version of this release, from the server's package. */
export function ownVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const read: { version: string } = JSON.parse(text);
  return read.version;
}
