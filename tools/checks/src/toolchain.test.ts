import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from './repository-root.ts';

function runTool(script: string, args: readonly string[]): { code: number | null; output: string } {
  const result = spawnSync(process.execPath, [join(repositoryRoot, 'node_modules', script), ...args], {
    cwd: repositoryRoot,
    encoding: 'utf8',
    timeout: 180_000,
  });
  return { code: result.status, output: `${result.stdout}${result.stderr}` };
}

test('the type checker finds nothing', () => {
  const { code, output } = runTool('typescript-native/bin/tsc', ['-p', '.']);
  assert.equal(code, 0, output);
});

test('formatter and linter find nothing', () => {
  const { code, output } = runTool('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']);
  assert.equal(code, 0, output);
});

test('no code is dead', () => {
  const { code, output } = runTool('knip/bin/knip.js', ['--no-progress']);
  assert.equal(code, 0, output);
});
