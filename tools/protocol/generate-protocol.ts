import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../checks/src/repository-root.ts';

const run = promisify(execFile);

/**
 * Fetched for each run into a folder of its own: they are 125 MB, and only who changes a message needs them. The
 * generator has the version of the runtime that its code runs on.
 */
const packages = ['@bufbuild/buf@1.75.0', '@bufbuild/protoc-gen-es@2.17.0', '@bufbuild/protobuf@2.17.0'];

/** Makes the code of the messages in `contract/proto` into this folder. Throws when npm or the compiler fail. */
export async function generateProtocol(target: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'samovar-protocol-'));
  try {
    await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
    await npm(folder, [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      ...packages,
    ]);
    const bin = join(folder, 'node_modules', '.bin');
    await writeFile(join(folder, 'buf.gen.yaml'), plan(bin, target));
    await run(join(bin, 'buf'), ['generate'], { cwd: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** JavaScript with types beside it: Node strips types, and the enums of generated TypeScript are more than types. */
function plan(bin: string, target: string): string {
  return JSON.stringify({
    version: 'v2',
    inputs: [{ directory: join(repositoryRoot, 'contract', 'proto') }],
    plugins: [
      {
        local: join(bin, 'protoc-gen-es'),
        out: target,
        opt: ['target=js+dts', 'import_extension=js'],
      },
    ],
  });
}

/** npm of the Node that runs us where it has one, else the one on the path. */
async function npm(folder: string, words: readonly string[]): Promise<void> {
  const path = [dirname(process.execPath), process.env.PATH ?? ''].join(':');
  await run('npm', [...words], { cwd: folder, env: { ...process.env, PATH: path } });
}
