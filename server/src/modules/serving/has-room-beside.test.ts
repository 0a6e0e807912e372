import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { createServingFloor } from '../../../test/serving-floor.ts';
import { hasRoomBeside } from './has-room-beside.ts';
import { requestLoad } from './request-load.ts';

const floor = await createServingFloor();
afterEach(() => floor.reset());
after(() => floor.end());

test('a version has room beside others only where nothing is unloaded for it', async () => {
  const used = floor.addModel('used', { weightsBytes: 600 });
  const small = floor.addModel('small', { weightsBytes: 300 });
  const large = floor.addModel('large', { weightsBytes: 700 });
  const huge = floor.addModel('huge', { weightsBytes: 5000 });
  floor.startHost({ memoryBudgetBytes: 1000 });
  await floor.untilKnown(huge);
  const has = (model: typeof used) => hasRoomBeside(floor.database, model, 4);
  assert.deepEqual([await has(used), await has(large)], [true, true], 'nothing is in memory');
  await requestLoad(floor, used);
  await floor.untilState(used, 'ready');
  assert.equal(await has(used), true, 'it is in memory');
  assert.equal(await has(small), true, 'both fit');
  assert.equal(await has(large), false, 'the other would be unloaded');
  assert.equal(await has(huge), true, 'asking for it unloads nothing and tells that it never fits');
});

test('a version whose longest context would take the place of another has no room beside it', async () => {
  const used = floor.addModel('used', { weightsBytes: 300e6 });
  const long = floor.addModel('long', {
    weightsBytes: 100e6,
    perSequenceBytes: 500e6,
    contextTokens: 131_072,
  });
  floor.startHost({ memoryBudgetBytes: 1e9 });
  await floor.untilKnown(long);
  assert.equal(await hasRoomBeside(floor.database, long, 4), true);
  await requestLoad(floor, used);
  await floor.untilState(used, 'ready');
  assert.equal(await hasRoomBeside(floor.database, long, 4), false);
});
