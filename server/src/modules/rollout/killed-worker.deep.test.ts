import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { defaultScope } from '@samovar/contract/default-scope';
import { createTestDatabase, testSchema } from '../../../test/postgres.ts';
import { addReadyModel } from '../../../test/ready-model-rows.ts';
import { registerWorker } from '../../../test/registered-worker.ts';
import { sampleUsage } from '../../../test/sample-usage.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { newId } from '../../kernel/ids.ts';
import { createBulkInsert } from '../../platform/postgres/bulk-insert.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { createJobQueue } from '../../platform/queue/create-job-queue.ts';
import { prepareJobQueue } from '../../platform/queue/prepare-job-queue.ts';
import { systemAuditContext } from '../audit/index.ts';
import { getAlias, listAliasMoves, setAlias } from '../registry/index.ts';
import { encodeUsage } from '../usage/usage-rows.ts';
import { createUsageWriter } from '../usage/write-usage.ts';
import { beginCanary } from './begin-canary.ts';
import { watchCanariesKind } from './watch-canaries-job.ts';

const processPath = fileURLToPath(new URL('../../../test/canary-worker-process.ts', import.meta.url));
const steps = 12;

test('a canary goes from step to step, each once and in order, while the process that follows it is killed again and again', async () => {
  const store = await createTestDatabase();
  const address = { url: store.url, caFile: null, schema: testSchema, log: silentLog };
  const deps = { database: store.database, configVersion: createConfigVersion() };
  const context = systemAuditContext(defaultScope, 'test');
  await prepareJobQueue({ ...address, kinds: [watchCanariesKind] });
  await registerWorker(store, 'unix:/nowhere');
  await addReadyModel(store, 'stable');
  const candidate = await addReadyModel(store, 'candidate');
  await setAlias(deps, context, 'desk', { targets: [{ model: 'stable' }] });
  const jobs = await createJobQueue({ ...address, part: 'sender' });
  const writer = createUsageWriter(createBulkInsert(store.pool, testSchema), silentLog);
  const children: ChildProcess[] = [];
  try {
    await beginCanary({ ...deps, jobs }, context, 'desk', {
      candidate: { model: 'candidate' },
      steps: Array.from({ length: steps }, (_, index) => ({ percent: (index + 1) * 8, holdSeconds: 0 })),
      limits: { minRequests: 1, maxErrorIncrease: 0, maxLatencyRatio: null },
    });
    const read = () => getAlias(store.database, defaultScope, 'desk');
    let kills = 0;
    for (let waited = 0; (await read()).canary?.state === 'running'; waited += 100) {
      assert.ok(waited < 240_000, `it stays at step ${(await read()).canary?.step}`);
      const last = children.at(-1);
      if (!last || last.signalCode !== null) {
        const child = fork(processPath, [store.url]);
        children.push(child);
        await once(child, 'message');
      } else if (kills < 4 && (await read()).canary?.step === (kills + 1) * 2) {
        last.kill('SIGKILL');
        await once(last, 'exit');
        kills += 1;
      }
      const record = { requestedModel: 'desk', modelName: 'candidate', versionId: candidate.version };
      await writer.write(encodeUsage([sampleUsage({ id: newId(), ...record })]), false);
      await sleep(100);
    }
    assert.ok(kills >= 3, `${kills} kills`);
    const alias = await read();
    assert.deepEqual(
      [alias.canary?.state, alias.targets.map(({ model }) => model)],
      ['promoted', ['candidate']],
    );
    const { items } = await listAliasMoves(store.database, defaultScope, 'desk', {
      limit: 100,
      cursor: null,
    });
    const weights = items
      .toReversed()
      .map(({ after }) => after?.targets.map(({ weight }) => weight).join('/'));
    const expected = Array.from({ length: steps }, (_, index) => (index + 1) * 800);
    assert.deepEqual(weights, ['100', ...expected.map((weight) => `${10_000 - weight}/${weight}`), '100']);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await jobs.stop(0);
    await store.end();
  }
});
