import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { createImportBed, type ImportBed, smallGguf, testContext } from '../../../../test/import-bed.ts';
import { retryImport } from './change-import.ts';
import { withoutQuerySecrets } from './secret-source.ts';

test('of an address the secrets are left out, by their names, and nothing else', () => {
  const at = 'https://models.example/m.gguf';
  for (const [secret, kept] of [
    [
      '?X-Amz-Algorithm=A&X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Signature=s',
      '?X-Amz-Algorithm=A&X-Amz-Date=d',
    ],
    ['?sv=2024&se=2026&sp=r&sig=abc%2Bd', '?sv=2024&se=2026&sp=r'],
    ['?AWSAccessKeyId=a&Signature=b&Expires=1', '?Expires=1'],
    ['?Policy=p&Signature=s&Key-Pair-Id=k', ''],
    ['?download=true&api_key=x', '?download=true'],
    ['?access_token=x#sha256=00', '#sha256=00'],
  ])
    assert.equal(withoutQuerySecrets(at + secret), at + kept);
  for (const source of [
    `${at}?download=true&keyword=a&signed_off=b`,
    at,
    'hf:maker/model@main:Q8_0',
    's3://bucket/prefix',
    'upload:upl_1',
    'oci:registry.example/a:1',
  ])
    assert.equal(withoutQuerySecrets(source), source);
  assert.throws(() => withoutQuerySecrets('https://me:secret@models.example/m'), {
    code: 'model.source_invalid',
    params: { source: 'https://models.example/m', reason: 'credentials do not belong into a source' },
  });
});

describe('an import from a signed address', () => {
  const secret = 'c2VjcmV0LW9mLXRoaXMtdGVzdA';
  let bed: ImportBed;
  let server: Server;
  let weights: Buffer;
  let address: string;
  let open = true;

  before(async () => {
    bed = await createImportBed();
    weights = await smallGguf();
    server = createServer(({ url = '/', headers }, response) => {
      const signed = new URL(url, 'http://localhost').searchParams.get('X-Amz-Signature') === secret;
      if (!signed || !open) return response.writeHead(403).end();
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '') ?? [
        '',
        '0',
        String(weights.length - 1),
      ];
      const [start, end] = [Number(from), Math.min(Number(to), weights.length - 1)];
      const range = `bytes ${start}-${end}/${weights.length}`;
      return response.writeHead(206, { 'content-range': range }).end(weights.subarray(start, end + 1));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const port = typeof bound === 'object' ? bound?.port : 0;
    const sha256 = createHash('sha256').update(weights).digest('hex');
    address = `http://127.0.0.1:${port}/m.gguf?part=1&X-Amz-Signature=${secret}#sha256=${sha256}`;
  });
  after(async () => {
    server.close();
    await bed.stop();
  });

  /** Everything that the database holds of it, as text. */
  async function kept(): Promise<string> {
    const tables = ['import_requests', 'audit_records', 'model_versions', 'model_imports'];
    const rows = await Promise.all(
      tables.map(async (table) => (await bed.fresh.pool.query(`select t::text from ${table} t`)).rows),
    );
    return JSON.stringify(rows);
  }

  test('goes on in every step, and its secret is written down nowhere, not even sealed once it has ended', async () => {
    open = false;
    const asked = await bed.ask({ source: address, name: 'signed' });
    assert.match(asked.source, /\?part=1#sha256=/);
    const failed = await bed.run(asked, {}, 3);
    assert.equal(failed.state, 'failed');
    assert.notEqual(failed.sealedSource, null, 'another try needs it');
    assert.ok(!(await kept()).includes(secret));
    open = true;
    await retryImport(bed.access, testContext, asked.id);
    const done = await bed.run(asked);
    assert.equal(done.state, 'ready', JSON.stringify(done.failure));
    assert.equal(done.sealedSource, null);
    assert.ok(!(await kept()).includes(secret));
    assert.match(await kept(), /part=1/);
    const { rows } = await bed.fresh.pool.query('select manifest from model_versions where id = $1', [
      done.versionId,
    ]);
    assert.deepEqual(rows[0]?.manifest.sources, [], 'without its secret the address is none');
  });
});
