import { readFileSync } from 'node:fs';

/** The version of this release, from the CLI's package. */
export function ownVersion(): string {
  const read: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  return read.version;
}
