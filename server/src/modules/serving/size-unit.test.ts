import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { createServingFloor } from '../../../test/serving-floor.ts';
import { systemAuditContext } from '../audit/index.ts';
import { changeDeployment } from './change-deployment.ts';
import { selectEvents } from './event-store.ts';
import { selectMeasurements } from './measurement-store.ts';
import { requestLoad } from './request-load.ts';

const floor = await createServingFloor();
afterEach(() => floor.reset());
after(() => floor.end());

test('a model whose whole context does not fit is loaded with the longest that does, and a wish that does not is refused with it', async () => {
  const model = floor.addModel('long', {
    weightsBytes: 100e6,
    perSequenceBytes: 500e6,
    contextTokens: 131_072,
  });
  floor.startHost({ memoryBudgetBytes: 1.3e9 });
  await floor.untilKnown(model);
  await requestLoad(floor, model);
  const ready = await floor.untilState(model, 'ready');
  assert.ok(ready.memoryBytes > 1.2e9 && ready.memoryBytes <= 1.3e9, String(ready.memoryBytes));
  assert.equal((await floor.replicas(model))[0]?.slots, 4);
  const [measured] = await selectMeasurements(floor.database, [model.versionId]);
  assert.equal(measured?.options.contextTokens, 76 * 1024);
  await changeDeployment(
    floor,
    systemAuditContext(floor.scope, 'test'),
    { deploymentId: ready.deploymentId, model },
    { options: { contextTokens: 131_072, parallelSequences: 4 } },
  );
  const refused = await floor.untilState(model, 'failed');
  assert.match(
    refused.lastError ?? '',
    /needs 2\.1 GB, .* of 1\.3 GB .*\(`samovar deployments set long --context 77824`, /,
  );
});

test('two models of long context that are asked in turn are both loaded, with contexts that fit together', async () => {
  const long = { weightsBytes: 100e6, perSequenceBytes: 500e6, contextTokens: 131_072 };
  const first = floor.addModel('first', long);
  const second = floor.addModel('second', long);
  floor.startHost({ memoryBudgetBytes: 1.3e9 });
  await floor.untilKnown(second);
  await requestLoad(floor, first);
  assert.ok((await floor.untilState(first, 'ready')).memoryBytes > 1.2e9);
  await requestLoad(floor, second);
  const beside = await floor.untilState(second, 'ready');
  assert.ok(beside.memoryBytes > 0.5e9 && beside.memoryBytes <= 0.65e9, String(beside.memoryBytes));
  const told = await selectEvents(floor.database, floor.scope, beside.deploymentId, {
    after: null,
    limit: 20,
  });
  assert.ok(
    told.some(({ reason }) =>
      /with 35840 of 131072 tokens of context, 4 at a time, beside first\)$/.test(reason),
    ),
    JSON.stringify(told.map(({ reason }) => reason)),
  );
  assert.match(
    (await floor.untilState(first, 'unloaded')).reason ?? '',
    /to make room for second .*, which leaves it room to be loaded beside it with less context/,
  );
  const pid = await floor.workerPid(second);
  await requestLoad(floor, first);
  const again = await floor.untilState(first, 'ready');
  assert.ok((again.contextTokens ?? 0) >= 35_840);
  for (const model of [first, second, first, second]) {
    await requestLoad(floor, model);
    await floor.call(model, { ms: 1 });
  }
  await floor.pause(4_000);
  assert.equal((await floor.status(first)).state, 'ready');
  assert.equal(await floor.workerPid(second), pid, 'neither had to go again');
});

test('who waits for room for a context that was set is told the one that fits without', async () => {
  const long = { weightsBytes: 100e6, perSequenceBytes: 500e6, contextTokens: 131_072 };
  const first = floor.addModel('first', { weightsBytes: 800e6 });
  const second = floor.addModel('second', long);
  floor.startHost({ memoryBudgetBytes: 1.3e9 });
  await floor.untilKnown(second);
  const { deploymentId } = await floor.status(second);
  await changeDeployment(
    floor,
    systemAuditContext(floor.scope, 'test'),
    { deploymentId, model: second },
    { options: { contextTokens: 65_536 } },
  );
  await requestLoad(floor, first);
  await floor.untilState(first, 'ready');
  await requestLoad(floor, second);
  await floor.until(async () => (await floor.status(second)).queue !== null);
  assert.match(
    (await floor.status(second)).queue?.reason ?? '',
    /first makes room for it .* \(`samovar deployments set second --context 25600` fits beside it\)/,
  );
});

test('a model that claims millions of tokens is loaded with 131,072 where nobody set more, however much memory there is', async () => {
  const model = floor.addModel('claims', {
    weightsBytes: 491_000,
    perSequenceBytes: 5e9,
    contextTokens: 10_485_760,
  });
  floor.startHost({ memoryBudgetBytes: 60e9 });
  await floor.untilKnown(model);
  await requestLoad(floor, model);
  const ready = await floor.untilState(model, 'ready');
  assert.equal(ready.contextTokens, 131_072);
  assert.ok(ready.memoryBytes < 0.3e9, String(ready.memoryBytes));
  const told = await selectEvents(floor.database, floor.scope, ready.deploymentId, {
    after: null,
    limit: 20,
  });
  assert.ok(
    told.some(({ reason }) =>
      reason.endsWith(
        'with 131072 of 10485760 tokens of context, 4 at a time, the most where --context is not set)',
      ),
    ),
    JSON.stringify(told.map(({ reason }) => reason)),
  );
  await changeDeployment(
    floor,
    systemAuditContext(floor.scope, 'test'),
    { deploymentId: ready.deploymentId, model },
    { options: { contextTokens: 1_048_576 } },
  );
  await floor.until(async () => (await floor.status(model)).contextTokens === 1_048_576);
});
