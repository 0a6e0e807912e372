import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { defaultScope } from '@samovar/contract/default-scope';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { parse, stringify } from 'yaml';
import {
  type ApplyBed,
  actionsOf,
  createApplyBed,
  declare,
  failuresOf,
  sha256,
} from '../../../../test/apply-bed.ts';
import { type ImportBed, smallGguf, testContext } from '../../../../test/import-bed.ts';
import { startS3Server, type TestS3Server } from '../../../../test/s3-server.ts';
import { createForeignScope } from '../../../../test/test-principal.ts';
import { createBucketManifests } from '../../../platform/manifest-folder/bucket-manifests.ts';
import { listModels, modelFileKey } from '../index.ts';
import { type ApplyDependencies, applyDeclared } from './apply-plan.ts';
import { planApply } from './plan-apply.ts';
import { readDeclared } from './read-declared.ts';

const signal = AbortSignal.timeout(60_000);
let s3: TestS3Server;
let made: ApplyBed;
let bed: ImportBed;
let dependencies: ApplyDependencies;
let base: ModelManifest;

before(async () => {
  s3 = await startS3Server();
  made = await createApplyBed({ s3: access() });
  ({ imports: bed, dependencies, base } = made);
});
after(async () => {
  await bed.stop();
  await s3.stop();
});

const manifestOf: ApplyBed['manifestOf'] = (...given) => made.manifestOf(...given);
const plan: ApplyBed['plan'] = (declared) => made.plan(declared);
const apply: ApplyBed['apply'] = (...given) => made.apply(...given);
const upload: ApplyBed['upload'] = (weights) => made.upload(weights);
const fetchFiles: ApplyBed['fetchFiles'] = (scope) => made.fetchFiles(scope);

function access() {
  const { endpoint, accessKeyId, secretAccessKey } = s3;
  const credentials = { accessKeyId, secretAccessKey };
  return {
    endpoint,
    region: 'us-east-1',
    credentials,
    pathStyle: true,
    checksums: 'when-required',
    caFile: null,
  } as const;
}

describe('manifests that are applied', () => {
  test('become models once their files are uploaded; the same again changes nothing', async () => {
    const weights = await smallGguf();
    const declared = declare(manifestOf('one', weights));
    const first = await plan(declared);
    assert.deepEqual(actionsOf(first), [['one', 'create', false]]);
    assert.equal(first.items[0]?.missing[0]?.sha256, sha256(weights));
    assert.deepEqual(failuresOf(await apply(declared)), [['one', 'registry.files_missing']]);
    await upload(weights);
    const agreed = await plan(declared);
    assert.deepEqual(agreed.items[0]?.missing, []);
    await assert.rejects(apply(declared, first.digest), { code: 'registry.plan_changed' });
    await apply(declared, agreed.digest);
    assert.deepEqual(actionsOf(await plan(declared)), [['one', 'fetch', false]]);
    await fetchFiles();
    assert.deepEqual(actionsOf(await plan(declared)), [['one', 'unchanged', false]]);
    assert.deepEqual(actionsOf(await apply(declared)), [['one', 'unchanged', false]]);
    assert.equal((await bed.fresh.pool.query('select from uploads')).rowCount, 0);
  });

  test('that change make new versions with their differences; what was changed beside them is drift', async () => {
    const weights = await smallGguf();
    await upload(weights);
    const before = declare(manifestOf('two', weights));
    await apply(before);
    await fetchFiles();
    const after = declare(manifestOf('two', weights, { contextTokens: 128, description: 'shorter' }));
    const changed = await plan(after);
    assert.deepEqual(actionsOf(changed), [['two', 'new-version', false]]);
    assert.deepEqual(changed.items[0]?.changes, [
      { field: 'contextTokens', from: base.contextTokens, to: 128 },
      { field: 'description', from: base.description, to: 'shorter' },
    ]);
    await apply(after);
    await fetchFiles();
    // The first set still says otherwise: somebody has changed the model since.
    assert.deepEqual(actionsOf(await plan(before)), [['two', 'make-current', true]]);
    await apply(before);
    assert.deepEqual(actionsOf(await plan(before)), [['two', 'unchanged', false]]);
    await bed.opened.store.delete(modelFileKey(sha256(weights)));
    const lost = await plan(before);
    assert.deepEqual(actionsOf(lost), [['two', 'fetch', true]]);
    await upload(weights);
    await apply(before);
    await fetchFiles();
    assert.deepEqual(actionsOf(await plan(before)), [['two', 'unchanged', false]]);
  });

  test('bring no file that is not what it is called, though its digest is right, in no attempt', async () => {
    const pickle = Buffer.concat([Buffer.from([0x80, 0x04, 0x95]), Buffer.alloc(25)]);
    const gguf = await smallGguf();
    for (const [name, weights] of [
      ['pickled', pickle],
      ['cut', gguf.subarray(0, -1)],
    ] as const) {
      const declared = declare(manifestOf(name, weights));
      await upload(weights);
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        await apply(declared);
        await fetchFiles();
        const planned = await plan(declared);
        assert.deepEqual(actionsOf(planned), [[name, 'fetch', false]]);
        assert.deepEqual(
          [planned.items[0]?.failure?.code, planned.items[0]?.failure?.retried],
          ['model.refused', false],
        );
        const listed = (await listModels(bed.fresh.database, defaultScope)).find((one) => one.name === name);
        assert.equal(listed?.state, 'failed');
        assert.match(listed?.import.error ?? '', /^The files of the model are refused/);
      }
    }
  });

  test('give no project the file of another one for its digest', async () => {
    const weights = await smallGguf();
    await upload(weights);
    await apply(declare(manifestOf('private', weights)));
    await fetchFiles();
    const scope = await createForeignScope(bed.fresh.database);
    const context = { ...testContext, scope };
    const claim = declare(manifestOf('claim', weights));
    const planned = await planApply(dependencies, scope, claim);
    assert.equal(planned.items[0]?.missing.length, 1, 'nor tells that there is one');
    const wish = { agreed: null, acceptLicense: false };
    const applied = await applyDeclared(dependencies, context, claim, wish);
    assert.deepEqual(failuresOf(applied), [['claim', 'registry.files_missing']]);
    // A source that is said to have it must hand it over.
    const sources = ['pypi:nothing@1.0'];
    await applyDeclared(dependencies, context, declare(manifestOf('claim', weights, { sources })), wish);
    await assert.rejects(fetchFiles(scope), { code: 'model.source_unavailable' });
    const [claimed] = await listModels(bed.fresh.database, scope);
    assert.deepEqual([claimed?.name, claimed?.state], ['claim', 'failed']);
  });

  test('name aliases and deployments, which are set when their models are ready', async () => {
    const weights = await smallGguf();
    const extra = {
      schema: 'samovar.apply/v1',
      aliases: { support: 'three' },
      deployments: [{ model: 'three', residency: 'always' }],
    };
    const declared = readDeclared([
      { path: 'three.yaml', value: manifestOf('three', weights), folder: null },
      { path: 'more.yaml', value: extra, folder: null },
      { path: 'other.yaml', value: { anything: 'else' }, folder: null },
    ]);
    await upload(weights);
    assert.deepEqual(actionsOf(await apply(declared)), [
      ['three', 'create', false],
      ['support', 'later', false],
      ['three', 'later', false],
    ]);
    await fetchFiles();
    await apply(declared);
    assert.deepEqual(
      (await plan(declared)).items.map(({ action }) => action),
      ['unchanged', 'unchanged', 'unchanged'],
    );
  });

  test('and lie in a bucket with their files are all it takes to have a set of models', async () => {
    const client = new S3Client({ ...access(), forcePathStyle: true });
    const put = (Key: string, Body: Buffer | string) =>
      client.send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body }));
    for (const name of ['four', 'five']) {
      const weights = await smallGguf();
      await put(`sets/production/${name}/model.gguf`, weights);
      await put(`sets/production/${name}/model.yaml`, stringify(manifestOf(name, weights)));
    }
    await put(
      'sets/production/set.yaml',
      stringify({ schema: 'samovar.apply/v1', aliases: { best: 'four' } }),
    );
    client.destroy();
    const folders = createBucketManifests(access(), { allowed: [], own: null });
    const uri = `s3://${s3.bucket}/sets/production`;
    const read = async () =>
      readDeclared(
        (await folders.read(uri, signal)).map(({ path, text }) => ({
          path,
          value: parse(text),
          folder: `${uri}/${path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : ''}`,
        })),
      );
    await apply(await read());
    await fetchFiles();
    await apply(await read());
    assert.deepEqual(
      (await plan(await read())).items.map(({ name, action }) => [name, action]),
      [
        ['five', 'unchanged'],
        ['four', 'unchanged'],
        ['best', 'unchanged'],
      ],
    );
    const own = createBucketManifests(access(), { allowed: [], own: { bucket: s3.bucket, prefix: '' } });
    await assert.rejects(own.read(uri, signal), { code: 'model.source_invalid' });
  });

  test('are nothing to another project', async () => {
    const stranger = await createForeignScope(bed.fresh.database);
    const declared = declare({ ...base, name: 'base' });
    assert.deepEqual(actionsOf(await plan(declared)), [['base', 'unchanged', false]]);
    assert.deepEqual(actionsOf(await planApply(dependencies, stranger, declared)), [
      ['base', 'create', false],
    ]);
  });
});
