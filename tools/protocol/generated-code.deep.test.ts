import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { repositoryRoot } from '../checks/src/repository-root.ts';
import { generateProtocol } from './generate-protocol.ts';

const fresh = mkdtempSync(join(tmpdir(), 'samovar-generated-'));
after(() => rmSync(fresh, { recursive: true, force: true }));

function filesIn(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(js|ts)$/.test(name),
  );
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

test('the generated code is what `samovar protocol` makes of contract/proto', async () => {
  await generateProtocol(fresh);
  const kept = filesIn(join(repositoryRoot, 'contract', 'generated'));
  const made = filesIn(fresh);
  assert.deepEqual([...kept.keys()], [...made.keys()], 'run `./samovar protocol`');
  for (const [name, text] of made) assert.equal(kept.get(name), text, `${name}: run \`./samovar protocol\``);
});
