import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { type ApplyBed, actionsOf, createApplyBed, declare, failuresOf } from '../../../../test/apply-bed.ts';
import { smallGguf, testContext } from '../../../../test/import-bed.ts';
import { SamovarError } from '../../../kernel/errors.ts';
import { applyDeclared } from './apply-plan.ts';
import { readDeclared } from './read-declared.ts';

describe('manifests', () => {
  let bed: ApplyBed;
  before(async () => {
    bed = await createApplyBed();
  });
  after(() => bed.imports.stop());

  test('that cannot be so are refused with their reason, each for itself, and the others are applied', async () => {
    const weights = await smallGguf();
    await bed.upload(weights);
    await bed.apply({ models: [], aliases: { support: 'base' }, deployments: [], refused: [] });
    const good = bed.manifestOf('good', weights);
    const twin = bed.manifestOf('twin', weights);
    const declared = readDeclared([
      { path: 'good.yaml', value: good, folder: null },
      { path: 'slip.yaml', value: { ...good, name: 'slip', task: 'dancing' }, folder: null },
      { path: 'later.yaml', value: { schema: 'samovar.model/v9' }, folder: null },
      { path: 'set.yaml', value: { schema: 'samovar.apply/v1', alias: {} }, folder: null },
      { path: 'twin.yaml', value: twin, folder: null },
      { path: 'other.yaml', value: twin, folder: null },
      { path: 'support.yaml', value: bed.manifestOf('support', weights), folder: null },
      { path: 'lacking.yaml', value: bed.manifestOf('lacking', await smallGguf()), folder: null },
    ]);
    const planned = await bed.plan(declared);
    assert.deepEqual(
      planned.items.filter(({ action }) => action === 'refused').map(({ kind, name }) => [kind, name]),
      [
        ['document', 'slip.yaml'],
        ['document', 'later.yaml'],
        ['document', 'set.yaml'],
        ['model', 'twin'],
        ['model', 'support'],
      ],
    );
    assert.deepEqual(failuresOf(await bed.apply(declared, planned.digest)), [
      ['slip.yaml', 'model.manifest_invalid'],
      ['later.yaml', 'model.manifest_invalid'],
      ['set.yaml', 'model.manifest_invalid'],
      ['good', undefined],
      ['twin', 'model.manifest_invalid'],
      ['support', 'request.invalid'],
      ['lacking', 'registry.files_missing'],
    ]);
    await bed.fetchFiles();
    assert.deepEqual(actionsOf(await bed.plan(declare(good))), [['good', 'unchanged', false]]);
  });

  test('whose terms nobody has accepted wait for that, which is recorded and asked for once', async () => {
    const weights = await smallGguf();
    await bed.upload(weights);
    const license = { id: 'llama3.2', source: 'the maker', url: 'https://maker.example/terms' };
    const declared = declare(bed.manifestOf('bound', weights, { license }));
    const terms = { id: license.id, url: license.url };
    assert.deepEqual((await bed.plan(declared)).items[0]?.terms, terms);
    assert.deepEqual(failuresOf(await bed.apply(declared)), [['bound', 'model.license_unaccepted']]);
    assert.equal((await bed.plan(declared)).items[0]?.action, 'create', 'nothing was made of it');
    assert.deepEqual(failuresOf(await bed.apply(declared, null, true)), [['bound', undefined]]);
    await bed.fetchFiles();
    assert.deepEqual(actionsOf(await bed.plan(declared)), [['bound', 'unchanged', false]]);
    const { rows } = await bed.imports.fresh.pool.query(
      "select actor, license_url from license_acceptances where model_name = 'bound'",
    );
    assert.deepEqual(rows, [{ actor: testContext.actor, license_url: license.url }]);
    const { rows: records } = await bed.imports.fresh.pool.query(
      "select actor_id, detail from audit_records where action = 'model.accept-license'",
    );
    assert.deepEqual(
      [records[0]?.actor_id, records[0]?.detail],
      [testContext.actor.id, { name: 'bound', terms }],
    );
    const changed = declare(bed.manifestOf('bound', weights, { license, description: 'another' }));
    assert.equal((await bed.plan(changed)).items[0]?.terms, null);
    assert.deepEqual(failuresOf(await bed.apply(changed)), [['bound', undefined]]);
  });

  test('with files that tell of terms which their manifest conceals are not served until they are accepted', async () => {
    const weights = await smallGguf(2, { 'general.license': 'gemma' });
    await bed.upload(weights);
    const license = { id: 'other', source: 'the maker' };
    const declared = declare(bed.manifestOf('concealed', weights, { license }));
    assert.equal((await bed.plan(declared)).items[0]?.terms, null);
    await bed.apply(declared);
    await bed.fetchFiles();
    const [told] = (await bed.plan(declared)).items;
    assert.deepEqual([told?.failure?.code, told?.failure?.retried], ['model.license_unaccepted', false]);
    assert.deepEqual(told?.terms, { id: 'gemma', url: null });
    await bed.apply(declared, null, true);
    await bed.fetchFiles();
    assert.deepEqual(actionsOf(await bed.plan(declared)), [['concealed', 'unchanged', false]]);
    // Whoever accepts beforehand is not asked at all.
    const other = await smallGguf(2, { 'general.license': 'gemma' });
    await bed.upload(other);
    const before = declare(bed.manifestOf('beforehand', other, { license }));
    await bed.apply(before, null, true);
    await bed.fetchFiles();
    assert.deepEqual(actionsOf(await bed.plan(before)), [['beforehand', 'unchanged', false]]);
    const { rows } = await bed.imports.fresh.pool.query(
      "select license_id from license_acceptances where model_name = 'beforehand'",
    );
    assert.deepEqual(rows, [{ license_id: 'gemma' }]);
  });

  test('that declare a freer licence than their files are refused, however they are accepted', async () => {
    const weights = await smallGguf(2, { 'general.license': 'gemma' });
    await bed.upload(weights);
    const license = { id: 'MIT', source: 'me' };
    const declared = declare(bed.manifestOf('freer', weights, { license }));
    await bed.apply(declared, null, true);
    await bed.fetchFiles();
    const [told] = (await bed.plan(declared)).items;
    assert.equal(told?.failure?.code, 'model.manifest_invalid');
    assert.match(String(told?.failure?.message), /license\.id is gemma, not MIT: write gemma/);
  });

  test('that are registered together are registered each alone when one of them cannot be', async () => {
    const weights = await smallGguf();
    const names = ['first', 'unlucky', 'last'];
    const declared = declare(...names.map((name) => bed.manifestOf(name, weights)));
    await bed.upload(weights);
    const { jobs } = bed.dependencies;
    const refusing: ApplyBed['dependencies'] = {
      ...bed.dependencies,
      jobs: {
        async send(transaction, name, payload, options) {
          const { rows } = await sql<{ name: string }>`
            select m.name from model_versions v join models m on m.id = v.model_id
              where v.id::text = ${Reflect.get(payload, 'versionId')}`.execute(transaction);
          if (rows[0]?.name === 'unlucky')
            throw new SamovarError('registry.file_busy', { params: { model: 'unlucky' } });
          await jobs.send(transaction, name, payload, options);
        },
      },
    };
    const done = await applyDeclared(refusing, testContext, declared, { agreed: null, acceptLicense: false });
    assert.deepEqual(failuresOf(done), [
      ['first', undefined],
      ['unlucky', 'registry.file_busy'],
      ['last', undefined],
    ]);
    assert.deepEqual(
      actionsOf(await bed.plan(declared)).map(([, action]) => action),
      ['fetch', 'create', 'fetch'],
    );
  });

  test('are not tried one portion after the other where what keeps them out is no fault of theirs', async () => {
    const weights = await smallGguf();
    const names = Array.from({ length: 60 }, (_, at) => `away-${at}`);
    await bed.upload(weights);
    let tried = 0;
    const away: ApplyBed['dependencies'] = {
      ...bed.dependencies,
      jobs: {
        async send() {
          tried += 1;
          throw new Error('PostgreSQL is away');
        },
      },
    };
    const declared = declare(...names.map((name) => bed.manifestOf(name, weights)));
    const applying = applyDeclared(away, testContext, declared, { agreed: null, acceptLicense: false });
    await assert.rejects(applying, /PostgreSQL is away/);
    assert.equal(tried, 2, 'together, and the first of them alone');
  });

  test('are one version when twenty apply them at once', async () => {
    const weights = await smallGguf();
    await bed.upload(weights);
    const declared = declare(bed.manifestOf('crowded', weights), bed.manifestOf('crowded-too', weights));
    const done = await Promise.all(Array.from({ length: 20 }, () => bed.apply(declared)));
    for (const each of done) assert.deepEqual(failuresOf(each).flat().filter(Boolean).length, 2);
    const { rows } = await bed.imports.fresh.pool.query(
      "select m.name, count(*)::int as versions from model_versions v join models m on m.id = v.model_id where m.name like 'crowded%' group by 1 order by 1",
    );
    assert.deepEqual(rows, [
      { name: 'crowded', versions: 1 },
      { name: 'crowded-too', versions: 1 },
    ]);
    await bed.fetchFiles();
    assert.deepEqual(
      actionsOf(await bed.plan(declared)).map(([, action]) => action),
      ['unchanged', 'unchanged'],
    );
  });
});
