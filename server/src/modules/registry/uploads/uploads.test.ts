import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { type OpenStore, objectStores } from '../../../../test/object-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../../../test/postgres.ts';
import { silentLog } from '../../../../test/silent-log.ts';
import { createForeignScope } from '../../../../test/test-principal.ts';
import { SamovarError } from '../../../kernel/errors.ts';
import { newId, withPrefix } from '../../../kernel/ids.ts';
import type { AuditContext } from '../../audit/index.ts';
import { copyUpload } from './copy-upload.ts';
import { tidyUploadsJob } from './tidy-uploads-job.ts';
import { createUploadAccess, type UploadAccess } from './upload-access.ts';

const megabyte = 1024 * 1024;
const signal = AbortSignal.timeout(120_000);
let fresh: TestDatabase;
let folder: string;
const context: AuditContext = {
  scope: defaultScope,
  actor: { kind: 'api-key', id: newId() },
  requestId: null,
};
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

before(async () => {
  fresh = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'samovar-uploads-'));
});
after(async () => {
  await fresh.end();
  await rm(folder, { recursive: true, force: true });
});

/** A process of its own kind: what it knows of running uploads, no other knows. */
function process(opened: OpenStore, now = Date.now()): UploadAccess {
  return createUploadAccess({
    database: fresh.database,
    clock: { now: () => now },
    uploadHours: 1,
    uploadLimitBytes: 1e12,
    objectStore: async () => opened.store,
  });
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SamovarError) return error.code;
    throw error;
  }
  return assert.fail('it was not refused');
}

/** A body that breaks after its last piece, as when a client leaves. */
async function* broken(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
  throw new Error('aborted');
}

async function tidy(opened: OpenStore): Promise<void> {
  const job = tidyUploadsJob({
    database: fresh.database,
    objectStore: opened.store,
    clock: { now: () => Date.now() },
    log: silentLog,
  });
  await job.handle({}, { jobId: 'test', attempt: 1, signal });
}

for (const [kind, open] of Object.entries(objectStores)) {
  describe(`an upload into ${kind}`, () => {
    let opened: OpenStore;
    before(async () => {
      opened = await open();
    });
    after(() => opened.stop());

    const left = async (id: string) => {
      const keys: string[] = [];
      for await (const { key } of opened.store.list(`uploads/${id}/`)) keys.push(key);
      return keys.length;
    };

    test('comes in parts through several processes, survives a broken connection, and is verified whole', async () => {
      const file = randomBytes(19 * megabyte + 123);
      const [first, second] = [process(opened), process(opened)];
      const { id } = await first.create(context, {
        name: 'model.gguf',
        sizeBytes: file.length,
        sha256: sha256(file),
      });
      const cut = [file.subarray(0, 9 * megabyte), file.subarray(9 * megabyte, 10 * megabyte)];
      const code = await refusal(
        first.append(defaultScope, id, { offsetBytes: 0, body: Readable.from(broken(cut)) }),
      );
      assert.equal(code, 'request.timeout');
      const { receivedBytes, state } = await second.get(defaultScope, id);
      assert.deepEqual([receivedBytes, state], [10 * megabyte, 'receiving'], 'what had come is kept');
      for (const offsetBytes of [0, 9 * megabyte, 11 * megabyte])
        assert.equal(
          await refusal(second.append(defaultScope, id, { offsetBytes, body: Readable.from([file]) })),
          'upload.offset_mismatch',
        );
      const rest = Readable.from([file.subarray(receivedBytes)]);
      const done = await second.append(defaultScope, id, { offsetBytes: receivedBytes, body: rest });
      assert.deepEqual([done.state, done.sha256], ['complete', sha256(file)]);
      const target = join(folder, newId());
      const seen: number[] = [];
      const copied = await copyUpload({ database: fresh.database, objectStore: opened.store }, done, target, {
        signal,
        onProgress: (bytes) => seen.push(bytes),
      });
      assert.deepEqual(copied, { path: 'model.gguf', sizeBytes: file.length, sha256: sha256(file) });
      assert.ok(file.equals(await readFile(target)));
      assert.equal(seen.at(-1), file.length);
      await second.delete(context, id);
      assert.equal(await left(id), 0);
    });

    test('whose bytes are others than announced, or more, is refused', async () => {
      const uploads = process(opened);
      const { id } = await uploads.create(context, {
        name: 'a',
        sizeBytes: 4,
        sha256: sha256(Buffer.from('abcd')),
      });
      const body = () => Readable.from([Buffer.from('abce')]);
      assert.equal(
        await refusal(uploads.append(defaultScope, id, { offsetBytes: 0, body: body() })),
        'upload.digest_mismatch',
      );
      assert.equal((await uploads.get(defaultScope, id)).state, 'refused');
      const small = await uploads.create(context, { name: 'a', sizeBytes: 3, sha256: null });
      assert.equal(
        await refusal(uploads.append(defaultScope, small.id, { offsetBytes: 0, body: body() })),
        'upload.too_long',
      );
    });

    test('of two that send the same bytes at once, one is kept and the other told so', async () => {
      const [first, second] = [process(opened), process(opened)];
      const file = randomBytes(megabyte);
      const { id } = await first.create(context, { name: 'a', sizeBytes: file.length, sha256: sha256(file) });
      const send = (uploads: UploadAccess) =>
        uploads
          .append(defaultScope, id, { offsetBytes: 0, body: Readable.from([file]) })
          .then(() => 'kept')
          .catch((error: SamovarError) => error.code);
      const outcomes = await Promise.all([send(first), send(second)]);
      assert.deepEqual(outcomes.sort(), ['kept', 'upload.offset_mismatch']);
      assert.equal(await left(id), 1);
      assert.equal((await first.get(defaultScope, id)).state, 'complete');
    });

    test('that nobody goes on with is forgotten, with its parts', async () => {
      const long = Date.now() - 2 * 3_600_000;
      const { id } = await process(opened, long).create(context, { name: 'a', sizeBytes: 9, sha256: null });
      await process(opened, long).append(defaultScope, id, {
        offsetBytes: 0,
        body: Readable.from([Buffer.from('abc')]),
      });
      const kept = await process(opened).create(context, { name: 'b', sizeBytes: 9, sha256: null });
      assert.equal(await left(id), 1);
      await tidy(opened);
      assert.equal(await left(id), 0);
      assert.equal(await refusal(process(opened).get(defaultScope, id)), 'request.not_found');
      assert.equal((await process(opened).get(defaultScope, kept.id)).receivedBytes, 0);
    });

    test('whose time is over stays while an import is about to take it', async () => {
      const long = Date.now() - 2 * 3_600_000;
      const { id } = await process(opened, long).create(context, { name: 'a', sizeBytes: 9, sha256: null });
      const importId = newId();
      await fresh.pool.query(
        `insert into import_requests
           (id, organization_id, project_id, source, wanted, state, model_name, actor)
         values ($1, $2, $3, $4, '{}', 'waiting-for-license', 'a', '{}')`,
        [importId, defaultScope.organizationId, defaultScope.projectId, `upload:${withPrefix('upl', id)}`],
      );
      await tidy(opened);
      assert.equal((await process(opened).get(defaultScope, id)).state, 'receiving');
      await fresh.pool.query(
        "update import_requests set state = 'cancelled', ended_at = now() where id = $1",
        [importId],
      );
      await tidy(opened);
      assert.equal(await refusal(process(opened).get(defaultScope, id)), 'request.not_found');
    });

    test('is nothing to another project', async () => {
      const uploads = process(opened);
      const { id } = await uploads.create(context, { name: 'a', sizeBytes: 9, sha256: null });
      const stranger = await createForeignScope(fresh.database);
      assert.equal(await refusal(uploads.get(stranger, id)), 'request.not_found');
      const body = Readable.from([Buffer.from('abc')]);
      assert.equal(
        await refusal(uploads.append(stranger, id, { offsetBytes: 0, body })),
        'request.not_found',
      );
      assert.deepEqual((await uploads.list(stranger, {}, { limit: 10, cursor: null })).items, []);
    });
  });
}
