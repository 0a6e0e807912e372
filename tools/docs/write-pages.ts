import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../checks/src/repository-root.ts';
import { allPages } from './all-pages.ts';

await rm(join(repositoryRoot, 'docs/reference/errors'), { recursive: true, force: true });
for (const page of allPages()) {
  const path = join(repositoryRoot, page.path);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, page.text);
}
