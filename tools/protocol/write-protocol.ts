import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../checks/src/repository-root.ts';
import { generateProtocol } from './generate-protocol.ts';

const target = join(repositoryRoot, 'contract', 'generated');
const made = `${target}.new`;
await rm(made, { recursive: true, force: true });
await generateProtocol(made);
await rm(target, { recursive: true, force: true });
await rename(made, target);
