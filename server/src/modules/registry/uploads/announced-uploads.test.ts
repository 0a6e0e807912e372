import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { createImportBed, type ImportBed, smallGguf, testContext } from '../../../../test/import-bed.ts';
import { createForeignScope } from '../../../../test/test-principal.ts';
import { withPrefix } from '../../../kernel/ids.ts';
import { createUploadAccess, type UploadAccess } from './upload-access.ts';

describe('an announced upload is refused before a byte is sent', () => {
  let bed: ImportBed;
  before(async () => {
    bed = await createImportBed();
  });
  after(() => bed.stop());

  function access(freeBytes: number | null, uploadLimitBytes = 1e12): UploadAccess {
    return createUploadAccess({
      database: bed.fresh.database,
      clock: { now: () => Date.now() },
      uploadHours: 1,
      uploadLimitBytes,
      objectStore: async () => ({ ...bed.opened.store, freeBytes: async () => freeBytes }),
    });
  }

  const announced = (sizeBytes: number, sha256: string | null = null) => ({
    name: 'm.gguf',
    sizeBytes,
    sha256,
  });

  test('when it is larger than may be uploaded', async () => {
    const uploads = access(null, 1_000);
    await assert.rejects(uploads.create(testContext, announced(1_001)), { code: 'upload.too_large' });
    await uploads.delete(
      testContext,
      withPrefix('upl', (await uploads.create(testContext, announced(1_000))).id),
    );
  });

  test('when it does not fit beside what others have announced, and no sooner', async () => {
    const free = 1e9;
    const uploads = access(free);
    await assert.rejects(uploads.create(testContext, announced(free)), { code: 'upload.no_space' });
    const first = await uploads.create(testContext, announced(6e8));
    await assert.rejects(uploads.create(testContext, announced(6e8)), {
      code: 'upload.no_space',
      params: { name: 'm.gguf', freeMegabytes: 332, neededMegabytes: 600 },
    });
    await uploads.delete(testContext, withPrefix('upl', first.id));
    const all = await Promise.allSettled(
      Array.from({ length: 8 }, () => uploads.create(testContext, announced(3e8))),
    );
    assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 3, 'also at once');
    assert.ok(await access(null).create(testContext, announced(1e11)), 'a bucket does not tell');
  });

  test('when the project has the file of this digest with another size', async () => {
    const weights = await smallGguf();
    bed.publish('maker/known', { 'm.gguf': weights });
    assert.equal((await bed.run(await bed.ask({ source: 'hf:maker/known' }))).state, 'ready');
    const sha256 = createHash('sha256').update(weights).digest('hex');
    const uploads = access(null);
    await assert.rejects(uploads.create(testContext, announced(weights.length + 1, sha256)), {
      code: 'upload.size_mismatch',
    });
    assert.ok(await uploads.create(testContext, announced(weights.length, sha256)));
    const stranger = { ...testContext, scope: await createForeignScope(bed.fresh.database) };
    assert.ok(
      await uploads.create(stranger, announced(weights.length + 1, sha256)),
      'nobody learns what another project has',
    );
    const other = await smallGguf();
    const digest = createHash('sha256').update(other).digest('hex');
    const { id } = await uploads.create(testContext, announced(other.length, digest));
    await uploads.append(defaultScope, id, { offsetBytes: 0, body: Readable.from([other]) });
    await assert.rejects(uploads.create(testContext, announced(1, digest)), { code: 'upload.size_mismatch' });
  });
});
