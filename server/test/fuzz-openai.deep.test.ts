import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { dataFolder, type SupervisorRecord } from '@samovar/contract/data-folder';
import { fuzzOpenai } from './fuzz-openai.ts';
import { startTestStack, type TestStack } from './stack.ts';

/** How long to fuzz; ten minutes before a release. */
const seconds = Number(process.env.SAMOVAR_FUZZ_SECONDS ?? 60);
/** What loading a code path for the first time may cost; a leak of one object per request is far more. */
const allowedGrowthBytes = 60 * 1024 * 1024;
const models = { chat: 'chat-default', embedding: 'embedding-default' };

let stack: TestStack;
before(async () => {
  stack = await startTestStack();
});
after(() => stack?.stop());

test('whatever is sent to the surface, nothing fails inside, crashes or grows', async (context) => {
  // Models are loaded and caches are warm before memory is measured.
  await fuzzOpenai(stack, Math.min(20, seconds), models);
  const before = await processes();
  const report = await fuzzOpenai(stack, seconds, models);
  const later = await processes();
  assert.deepEqual(
    later.map(({ role, pid }) => ({ role, pid })),
    before.map(({ role, pid }) => ({ role, pid })),
    'a process was started again',
  );
  context.diagnostic(JSON.stringify({ ...report, before, later }));
  later.forEach((one, index) => {
    const growth = one.residentBytes - (before[index]?.residentBytes ?? 0);
    assert.ok(growth < allowedGrowthBytes, `${one.role} grew by ${growth} bytes`);
  });
  assert.ok((report.statuses[499] ?? 0) < report.requests / 20, JSON.stringify(report));
  assert.ok((report.statuses[200] ?? 0) > 0 && (report.statuses[400] ?? 0) > 0, JSON.stringify(report));
});

async function processes() {
  const record = JSON.parse(await readFile(dataFolder(stack.data).supervisor, 'utf8')) as SupervisorRecord;
  const own = record.children.filter(({ role }) => role !== 'postgres');
  return Promise.all(
    own.map(async ({ role, pid }) => ({ role, pid, residentBytes: await residentBytes(pid) })),
  );
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
