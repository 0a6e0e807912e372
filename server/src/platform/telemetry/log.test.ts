import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { maskSecrets } from './log.ts';

/** What a log of this level writes, line by line, in a process of its own (it writes to the standard output). */
function written(level: string, code: string): Record<string, unknown>[] {
  const url = new URL('./log.ts', import.meta.url).href;
  const script = `import { createLog } from '${url}'; const log = createLog({ level: '${level}', role: 'api' }); ${code}`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('keys and passwords reach no line, whether as fields, inside texts or in the cause of an error', () => {
  const code = `
    log.info({ apiKey: 'open sesame', headers: { authorization: 'Bearer open sesame' } }, 'fields');
    log.info({ url: 'postgres://samovar:open-sesame@host/db' }, 'smv_opensesame0123456789 in a text');
    log.error({ error: new Error('outer', { cause: new Error('postgres://a:open-sesame@b/c') }) }, 'failed');`;
  const lines = written('info', code);
  assert.equal(lines.length, 3);
  assert.doesNotMatch(JSON.stringify(lines), /open.?sesame/);
  assert.match(JSON.stringify(lines), /postgres:\/\/samovar:\*\*\*@host\/db/);
});

test('a long text of a client is masked in linear time', () => {
  const begun = performance.now();
  assert.equal(maskSecrets('a'.repeat(500_000)).length, 500_000);
  maskSecrets('a-'.repeat(250_000));
  assert.ok(performance.now() - begun < 1000);
});

test('a line has its level by name, its role and its time, and lines below the level are left out', () => {
  const lines = written('warn', "log.info({}, 'quiet'); log.warn({ child: 'engine' }, 'loud');");
  assert.equal(lines.length, 1);
  const [line] = lines;
  assert.deepEqual([line?.level, line?.role, line?.child, line?.msg], ['warn', 'api', 'engine', 'loud']);
  assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT/);
});
