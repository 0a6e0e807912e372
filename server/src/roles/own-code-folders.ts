import { fileURLToPath } from 'node:url';

/** What a confined process may read to run: this installation's own code and its packages. */
export function ownCodeFolders(): string[] {
  return ['server', 'contract', 'node_modules', 'package.json'].map((name) =>
    fileURLToPath(new URL(`../../../${name}`, import.meta.url)),
  );
}
