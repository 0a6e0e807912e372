import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import { zip } from '../../../../test/archives.ts';
import { createImportBed, type ImportBed, smallGguf, testContext } from '../../../../test/import-bed.ts';
import { withPrefix } from '../../../kernel/ids.ts';
import { acceptLicense } from './change-import.ts';

describe('the licence that only the files tell', () => {
  let bed: ImportBed;
  before(async () => {
    bed = await createImportBed();
  });
  after(() => bed.stop());

  async function upload(name: string, data: Buffer): Promise<string> {
    const sha256 = createHash('sha256').update(data).digest('hex');
    const { id } = await bed.uploads.create(testContext, { name, sizeBytes: data.length, sha256 });
    const upload = withPrefix('upl', id);
    await bed.uploads.append(defaultScope, upload, { offsetBytes: 0, body: Readable.from([data]) });
    return `upload:${upload}`;
  }

  const llama = () => smallGguf(2, { 'general.license': 'llama3.2' });

  async function records(id: string) {
    const { rows } = await bed.fresh.pool.query(
      "select actor_id, detail from audit_records where action = 'import.accept-license' and target_id = $1 order by id",
      [id],
    );
    return rows;
  }

  test('holds an upload up until somebody accepts its terms, which is recorded', async () => {
    const asked = await bed.ask({ source: await upload('mine.gguf', await llama()), name: 'mine' });
    const waiting = await bed.run(asked);
    assert.equal(waiting.state, 'waiting-for-license', JSON.stringify(waiting.failure));
    assert.deepEqual(waiting.terms, { id: 'llama3.2', url: null, gated: false });
    assert.equal((await bed.run(asked)).state, 'waiting-for-license', 'nothing happens by itself');
    assert.equal(waiting.versionId, null);
    await acceptLicense(bed.access, testContext, asked.id);
    const done = await bed.run(asked);
    assert.deepEqual([done.state, done.acceptance?.by], ['ready', testContext.actor]);
    assert.equal((await records(asked.id))[0]?.actor_id, testContext.actor.id);
    const { rows } = await bed.fresh.pool.query('select * from license_acceptances where model_name = $1', [
      'mine',
    ]);
    assert.deepEqual([rows.length, rows[0]?.license_id, rows[0]?.actor], [1, 'llama3.2', testContext.actor]);
  });

  test('asks nothing of whoever accepts beforehand, and records what it came to', async () => {
    const source = await upload('two.gguf', await llama());
    const done = await bed.run(await bed.ask({ source, name: 'two', wanted: { acceptLicense: true } }));
    assert.deepEqual([done.state, done.acceptance?.terms?.id], ['ready', 'llama3.2']);
    const [record] = await records(done.id);
    assert.deepEqual([record?.actor_id, record?.detail.terms.id], [testContext.actor.id, 'llama3.2']);
  });

  test('is not asked for again under the name for which the project has accepted it', async () => {
    const weights = await llama();
    const first = await bed.ask({ source: await upload('again.gguf', weights), name: 'again' });
    await bed.run(first);
    await acceptLicense(bed.access, testContext, first.id);
    assert.equal((await bed.run(first)).state, 'ready');
    const done = await bed.run(await bed.ask({ source: await upload('again.gguf', weights), name: 'again' }));
    assert.deepEqual(
      [done.state, done.terms?.id, done.acceptance?.by],
      ['ready', 'llama3.2', testContext.actor],
    );
    const named = await bed.ask({ source: await upload('again.gguf', weights), name: 'another-name' });
    assert.equal((await bed.run(named)).state, 'waiting-for-license');
    const gemma = await smallGguf(2, { 'general.license': 'gemma' });
    const changed = await bed.ask({ source: await upload('again.gguf', gemma), name: 'again' });
    assert.equal((await bed.run(changed)).state, 'waiting-for-license');
    bed.publish('copier/again', { 'm.gguf': weights }, { card: { license: 'llama3.2' } });
    const hub = await bed.run(await bed.ask({ source: 'hf:copier/again', name: 'again' }));
    assert.deepEqual([hub.state, hub.acceptance?.terms?.id], ['ready', 'llama3.2']);
  });

  test('is asked for as its makers write it, and where only a text beside the weights has it', async () => {
    const weights = await smallGguf(2, { 'general.license': '' });
    const title = 'META LLAMA 3 COMMUNITY LICENSE AGREEMENT\n\nMeta Llama 3 Version Release Date';
    const cases: readonly (readonly [name: string, data: Buffer])[] = [
      ['qwen.gguf', await smallGguf(2, { 'general.license': 'tongyi-qianwen' })],
      ['meta.gguf', await smallGguf(2, { 'general.license': 'META LLAMA 3 COMMUNITY LICENSE' })],
      ['text.zip', zip({ 'm.gguf': weights, LICENSE: Buffer.from(title) })],
      [
        'card.zip',
        zip({
          'm.gguf': weights,
          LICENSE: Buffer.from(title),
          'README.md': Buffer.from('---\nlicense: other\n---\n'),
        }),
      ],
      [
        'list.zip',
        zip({ 'm.gguf': weights, 'README.md': Buffer.from('---\nlicense: [mit, llama3]\n---\n') }),
      ],
    ];
    for (const [name, data] of cases) {
      const waiting = await bed.run(await bed.ask({ source: await upload(name, data), name: 'as-written' }));
      assert.equal(waiting.state, 'waiting-for-license', `${name} ${JSON.stringify(waiting.failure)}`);
    }
  });

  test('is asked for where a model card or the weights themselves name a freer one, and both are shown', async () => {
    const title = Buffer.from('LLAMA 3.2 COMMUNITY LICENSE AGREEMENT\n\nLlama 3.2 Version Release Date');
    const card = (name: string) => Buffer.from(`---\nlicense: ${name}\n---\n`);
    const mit = await smallGguf();
    const cases: readonly (readonly [name: string, data: Buffer, shown: RegExp])[] = [
      [
        'freer-card.zip',
        zip({
          'm.gguf': await smallGguf(2, { 'general.license': '' }),
          LICENSE: title,
          'README.md': card('mit'),
        }),
        /The text of LICENSE is llama3\.2, and the model card says MIT: the stricter one counts/,
      ],
      [
        'freer-weights.zip',
        zip({ 'm.gguf': mit, LICENSE: title }),
        /The text of LICENSE is llama3\.2, and general\.license in the model file says MIT/,
      ],
      [
        'stricter-card.zip',
        zip({ 'm.gguf': mit, LICENSE: Buffer.from('MIT License\n'), 'README.md': card('gemma') }),
        /The model card is gemma, and general\.license in the model file says MIT/,
      ],
      [
        'some-uses-card.zip',
        zip({
          'm.gguf': await smallGguf(2, { 'general.license': '' }),
          LICENSE: title,
          'README.md': card('cc-by-nc-4.0'),
        }),
        /The text of LICENSE is llama3\.2, and the model card says CC-BY-NC-4\.0: the stricter one counts/,
      ],
    ];
    for (const [name, data, shown] of cases) {
      const asked = await bed.ask({ source: await upload(name, data), name: name.slice(0, -4) });
      const waiting = await bed.run(asked);
      assert.equal(waiting.state, 'waiting-for-license', `${name} ${JSON.stringify(waiting.failure)}`);
      assert.ok(
        waiting.inspection?.notes.some(({ severity, text }) => severity === 'warning' && shown.test(text)),
        JSON.stringify(waiting.inspection?.notes),
      );
      await acceptLicense(bed.access, testContext, asked.id);
      const done = await bed.run(asked);
      assert.equal(done.state, 'ready');
      const { rows } = await bed.fresh.pool.query('select manifest from model_versions where id = $1', [
        done.versionId,
      ]);
      assert.equal(rows[0].manifest.license.id, waiting.terms?.id);
      assert.match(rows[0].manifest.license.source, /; .* says (MIT|CC-BY-NC-4\.0)$/);
    }
  });

  test('is asked for again where others had been accepted than the files tell', async () => {
    const weights = await smallGguf(2, { 'general.license': 'gemma' });
    bed.publish('maker/two-terms', { 'm.gguf': weights }, { card: { license: 'llama3.2' } });
    const asked = await bed.ask({ source: 'hf:maker/two-terms', name: 'two-terms' });
    assert.equal((await bed.run(asked)).terms?.id, 'llama3.2');
    await acceptLicense(bed.access, testContext, asked.id);
    const waiting = await bed.run(asked);
    assert.deepEqual(
      [waiting.state, waiting.terms?.id, waiting.acceptance],
      ['waiting-for-license', 'gemma', null],
    );
    await acceptLicense(bed.access, testContext, asked.id);
    assert.equal((await bed.run(asked)).state, 'ready');
    assert.deepEqual(
      (await records(asked.id)).map(({ detail }) => detail.terms.id),
      ['llama3.2', 'gemma'],
    );
    const wanted = { acceptLicense: true };
    const blanket = await bed.ask({ source: 'hf:maker/two-terms', name: 'two-terms-at-once', wanted });
    assert.equal((await bed.run(blanket)).state, 'ready');
    assert.deepEqual(
      (await records(blanket.id)).map(({ detail }) => detail.terms.id),
      ['llama3.2', 'gemma'],
    );
  });

  test('is accepted by its name: what others had been shown is refused, and changes nothing', async () => {
    const asked = await bed.ask({ source: await upload('shown.gguf', await llama()), name: 'shown' });
    await bed.run(asked);
    await assert.rejects(acceptLicense(bed.access, testContext, asked.id, 'gemma'), {
      code: 'import.terms_changed',
    });
    assert.deepEqual(await records(asked.id), []);
    assert.equal((await bed.run(asked)).state, 'waiting-for-license');
    await acceptLicense(bed.access, testContext, asked.id, 'llama3.2');
    assert.equal((await bed.run(asked)).state, 'ready');
  });

  test('is told of files in an archive, which are not fetched anew when it is accepted', async () => {
    const archive = zip({ 'deep/weights.gguf': await llama() });
    const asked = await bed.ask({ source: await upload('packed.zip', archive), name: 'packed' });
    assert.equal((await bed.run(asked)).state, 'waiting-for-license');
    await acceptLicense(bed.access, testContext, asked.id);
    const sources = { ...bed.sources, fetch: () => Promise.reject(new Error('fetched twice')) };
    const done = await bed.run(asked, { sources });
    assert.equal(done.state, 'ready', JSON.stringify(done.failure));
  });

  test('does not hold up files whose licence asks for nothing', async () => {
    const done = await bed.run(await bed.ask({ source: await upload('free.gguf', await smallGguf()) }));
    assert.deepEqual([done.state, done.terms, done.acceptance], ['ready', null, null]);
  });

  test('that asks for nothing stays one, also where somebody has accepted whatever there may be', async () => {
    const source = await upload('any.gguf', await smallGguf());
    const done = await bed.run(await bed.ask({ source, name: 'any', wanted: { acceptLicense: true } }));
    assert.deepEqual([done.state, done.terms], ['ready', null]);
    const { rows } = await bed.fresh.pool.query('select manifest from model_versions where id = $1', [
      done.versionId,
    ]);
    assert.equal(rows[0].manifest.license.acceptance, undefined, 'who declares it is asked for nothing');
  });
});
