import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServingFloor } from '../../../test/serving-floor.ts';
import { systemAuditContext } from '../audit/index.ts';
import { requestLoad } from './request-load.ts';
import { setResidency } from './set-residency.ts';

const floor = await createServingFloor();
after(async () => {
  await floor.reset();
  await floor.end();
});

test('what fails five times in a row is left until somebody asks for it anew, a pinned one is tried on', async () => {
  const broken = join(floor.folder, 'broken');
  writeFileSync(broken, '');
  const journals = ['asked', 'pinned'].map((name) => join(floor.folder, name));
  const [asked, pinned] = journals.map((journal) =>
    floor.addModel(journal.endsWith('asked') ? 'asked' : 'pinned', {
      engineOptions: { failWhile: broken, journal },
    }),
  );
  assert.ok(asked !== undefined && pinned !== undefined);
  floor.startHost();
  await floor.untilKnown(pinned);
  await setResidency(floor, systemAuditContext(floor.scope, 'test'), pinned.versionId, { pinned: true });
  await requestLoad(floor, asked);
  await floor.untilState(asked, 'failed');
  const left = await floor.untilState(asked, 'unloaded');
  assert.match(left.lastError ?? '', /the weights are broken/);
  await floor.pause(1_500);
  assert.equal((await floor.status(asked)).state, 'unloaded');
  assert.equal(
    readFileSync(journals[0] ?? '', 'utf8')
      .trim()
      .split('\n').length,
    5,
  );
  await floor.until(async () => (await floor.status(pinned)).attempt >= 5);
  assert.equal((await floor.status(pinned)).state, 'failed');
  rmSync(broken);
  await requestLoad(floor, asked);
  await floor.untilState(asked, 'ready');
});
