import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleUsage } from '../../../test/sample-usage.ts';
import { silentLog } from '../../../test/silent-log.ts';
import { systemClock } from '../../kernel/clock.ts';
import { decodeUsage, encodeUsage } from './usage-rows.ts';
import { createUsageSpool } from './usage-spool.ts';

test('records that are spooled at the same time come back whole, however many they are', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'samovar-spool-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const spool = createUsageSpool({ folder, maxBytes: 1024 ** 3, log: silentLog, clock: systemClock });
  const batches = Array.from({ length: 4 }, () => Array.from({ length: 1500 }, () => sampleUsage()));
  const kept = await Promise.all(batches.map((batch) => spool.append(encodeUsage(batch))));
  assert.deepEqual(kept, [true, true, true, true]);
  const ids: string[] = [];
  while (
    await spool.replayOne(async (rows) => {
      ids.push(...decodeUsage(rows).map(({ id }) => id));
    })
  );
  const sent = batches.flat().map(({ id }) => id);
  assert.deepEqual(ids.sort(), sent.sort());
});
