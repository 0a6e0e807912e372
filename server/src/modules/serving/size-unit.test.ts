import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createServingFloor, type ServingFloor } from '../../../test/serving-floor.ts';
import { systemAuditContext } from '../audit/index.ts';
import { changeDeployment } from './change-deployment.ts';
import { selectMeasurements } from './measurement-store.ts';
import { requestLoad } from './request-load.ts';

let floor: ServingFloor;
before(async () => {
  floor = await createServingFloor();
});
afterEach(async () => {
  await floor.reset();
});
after(async () => {
  await floor.end();
});

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
