import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings } from './resolve-settings.ts';

function problemsOf(environment: Record<string, string>): string[] {
  const { problems } = resolveSettings({ flags: {}, environment, file: {} });
  return problems.map(({ name, reason }) => `${name}: ${reason}`);
}

test('an address of the wrong kind is a problem that does not repeat it, and a right one is none', () => {
  for (const name of ['SAMOVAR_PUBLIC_URL', 'SAMOVAR_NPM_REGISTRY', 'SAMOVAR_PYPI_INDEX'])
    for (const wrong of ['models.example', 'localhost:8080', 'ftp://models.example', 'https://', 'http:/one'])
      assert.match(
        String(problemsOf({ [name]: wrong })),
        new RegExp(`^${name}: .*http:// or https://$`),
        wrong,
      );
  for (const name of ['SAMOVAR_POSTGRES_URL', 'SAMOVAR_POSTGRES_MIGRATION_URL'])
    for (const wrong of ['db.example', 'mysql://me:hidden@db.example/x', 'host=db.example'])
      assert.match(String(problemsOf({ [name]: wrong })), new RegExp(`^${name}: .*postgresql://$`), wrong);
  for (const wrong of ['models.example', 'https://models.example:17004', 'a/b:1', ':17004', 'two words:1'])
    assert.match(
      String(problemsOf({ SAMOVAR_GRPC_PUBLIC_ADDRESS: wrong })),
      /^SAMOVAR_GRPC_PUBLIC_ADDRESS: .*host and a port/,
    );
  assert.deepEqual(
    problemsOf({
      SAMOVAR_GRPC_PUBLIC_ADDRESS: '[::1]:17004',
      SAMOVAR_PUBLIC_URL: 'https://models.example/samovar',
      SAMOVAR_POSTGRES_URL: 'postgresql://me:secret@[::1]:5432/samovar?sslmode=require',
      SAMOVAR_POSTGRES_MIGRATION_URL: 'postgres://me@/samovar?host=/run/postgresql',
      SAMOVAR_S3_ENDPOINT: 'HTTP://127.0.0.1:9000',
      SAMOVAR_S3_BUCKET: 'models',
      SAMOVAR_NPM_REGISTRY: 'https://me:secret@mirror.example/npm/',
    }),
    [],
  );
});

test('half of a certificate and its key is a problem', () => {
  for (const name of ['SAMOVAR_TLS_CERT_FILE', 'SAMOVAR_TLS_KEY_FILE']) {
    const [problem, ...others] = problemsOf({ [name]: '/etc/tls/one.pem' });
    assert.match(String(problem), new RegExp(`^${name}: .*SAMOVAR_TLS_`));
    assert.deepEqual(others, []);
  }
});

test('an S3 server without a bucket is a problem: it would not be used', () => {
  const [problem, ...others] = problemsOf({ SAMOVAR_S3_ENDPOINT: 'https://s3.example' });
  assert.match(String(problem), /^SAMOVAR_S3_ENDPOINT: .*SAMOVAR_S3_BUCKET.*SAMOVAR_MODEL_BUCKETS/);
  assert.deepEqual(others, []);
  assert.deepEqual(problemsOf({ SAMOVAR_S3_BUCKET: 'models' }), []);
  const forModelsAlone = { SAMOVAR_S3_ENDPOINT: 'https://s3.example', SAMOVAR_MODEL_BUCKETS: 'models' };
  assert.deepEqual(problemsOf(forModelsAlone), []);
});

test('what the file holds in the wrong form is a problem, and is not bent until it fits', () => {
  const problemsOfFile = (file: Record<string, unknown>) =>
    resolveSettings({ flags: {}, environment: {}, file }).problems.map(
      ({ name, source, reason }) => `${name} from ${source}: ${reason}`,
    );
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ port: [1] }, /^SAMOVAR_PORT from samovar.yaml: it must be one value/],
    [{ port: true }, /^SAMOVAR_PORT .*whole number/],
    [{ host: true }, /^SAMOVAR_HOST .*in quotes \("true"\)/],
    [{ s3: { bucket: 'b', accessKeyId: 123 } }, /^SAMOVAR_S3_ACCESS_KEY_ID .*in quotes/],
    [{ outboundAllow: [{ host: 'a' }] }, /^SAMOVAR_OUTBOUND_ALLOW .*each of the list/],
    [{ data: '~/samovar' }, /^SAMOVAR_DATA .*whole path/],
    [{ caFile: '~/ca.pem' }, /^SAMOVAR_CA_FILE .*whole path/],
  ];
  for (const [file, expected] of cases) {
    const [problem, ...others] = problemsOfFile(file);
    assert.match(String(problem), expected);
    assert.deepEqual(others, []);
  }
  const fitting = {
    port: 8081,
    host: '0.0.0.0',
    data: '/srv/~samovar',
    outboundAllow: ['a.example', 'b.example'],
  };
  assert.deepEqual(problemsOfFile(fitting), []);
  assert.deepEqual(problemsOfFile({ port: '8081', engine: { parallel: 7 } }), []);
});

test('one port for both servers is told as such', () => {
  const [problem] = problemsOf({ SAMOVAR_PORT: '9000', SAMOVAR_GRPC_PORT: '9000' });
  assert.match(String(problem), /^SAMOVAR_GRPC_PORT: it is the port of SAMOVAR_PORT too/);
  assert.deepEqual(problemsOf({ SAMOVAR_PORT: '0', SAMOVAR_GRPC_PORT: '0' }), []);
});
