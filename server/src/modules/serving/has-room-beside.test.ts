import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { sql } from 'kysely';
import { createServingFloor } from '../../../test/serving-floor.ts';
import type { EngineDriver } from '../../kernel/ports/engine-driver.ts';
import { systemAuditContext } from '../audit/index.ts';
import { hasRoomBeside } from './has-room-beside.ts';
import { requestLoad } from './request-load.ts';
import { requestUnload } from './request-unload.ts';

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
  const has = (model: typeof used) =>
    hasRoomBeside(floor.database, model, { parallelSequences: 4, models: [] });
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
  assert.equal(await hasRoomBeside(floor.database, long, { parallelSequences: 4, models: [] }), true);
  await requestLoad(floor, used);
  await floor.untilState(used, 'ready');
  assert.equal(await hasRoomBeside(floor.database, long, { parallelSequences: 4, models: [] }), false);
});

test('a version has room with the process of the engine that was chosen for it', async () => {
  const driver = (engine: EngineDriver['engine'], processBytes: number): EngineDriver => ({
    engine,
    lane: 'pass-through',
    threadShare: 0.75,
    memory: { processBytes, vocabularyTokenBytes: 0 },
    environment: {},
    queueLimit: () => 8,
    unavailable: async () => null,
  });
  const used = floor.addModel('used', { weightsBytes: 600 });
  const small = floor.addModel('small', { weightsBytes: 300 });
  floor.startHost({
    memoryBudgetBytes: 1000,
    drivers: [driver('llama-cpp', 0), driver('llama-server', 200)],
  });
  await floor.untilKnown(small);
  await requestLoad(floor, used);
  await floor.untilState(used, 'ready');
  const has = () => hasRoomBeside(floor.database, small, { parallelSequences: 4, models: [] });
  assert.equal(await has(), true);
  await sql`update deployments set options = options || '{"engine": "llama-server"}'
    where version_id = ${small.versionId}`.execute(floor.database);
  assert.equal(await has(), false);
});

test('an adapter has room only where its base and itself take nothing from others', async () => {
  const lineage = { source: 'hf:owner/tiny', revision: null };
  const base = floor.addModel('base', { lineage, weightsBytes: 200e6, perSequenceBytes: 50e6 });
  const adapter = floor.addModel('adapter', { adapterOf: lineage });
  const stray = floor.addModel('stray', { adapterOf: { source: 'hf:owner/none', revision: null } });
  const used = floor.addModel('used', { weightsBytes: 500e6 });
  floor.startHost({ memoryBudgetBytes: 1e9 });
  await floor.untilKnown(used);
  const models = [base, adapter, stray, used];
  const has = (model: typeof used) => hasRoomBeside(floor.database, model, { parallelSequences: 4, models });
  assert.deepEqual([await has(adapter), await has(stray)], [true, true], 'nothing is in memory');
  await requestLoad(floor, used);
  await floor.untilState(used, 'ready');
  assert.deepEqual([await has(base), await has(adapter)], [true, false], 'the base alone would fit');
  await requestLoad(floor, base);
  await floor.untilState(base, 'ready');
  assert.equal(await has(adapter), false, 'its base is there without it, and both take more than is left');
  await requestUnload(floor, systemAuditContext(floor.scope, 'test'), used.versionId);
  await floor.untilState(used, 'unloaded');
  assert.equal(await has(adapter), true, 'it may join its base now');
  await requestLoad(floor, adapter);
  await floor.untilState(adapter, 'ready');
  assert.equal(await has(adapter), true, 'it is in memory');
});
