import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { after, test } from 'node:test';
import { createTestAuthority } from '../../server/test/certificates.ts';
import { CommandError } from './command-error.ts';
import { connectionError } from './connection-error.ts';
import { fetchSecurely } from './fetch-securely.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function refusalBy(server: Server): Promise<CommandError> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return await fetchSecurely(url, {}, { kind: 'authorities', caFile: null }).then(
    () => assert.fail('it was trusted'),
    (error: unknown) => connectionError(url, error),
  );
}

test('a server that is not trusted, or speaks no TLS, is told apart from one that does not run', async () => {
  const untrusted = await refusalBy(createServer(createTestAuthority().issue('127.0.0.1')));
  assert.match(untrusted.message, /is not trusted here/);
  assert.match(untrusted.remedy, /SAMOVAR_CA_FILE.*SAMOVAR_DATA/);
  const plain = await refusalBy(createPlainServer());
  assert.match(plain.message, /does not speak TLS/);
  const gone = new URL('https://127.0.0.1:9/');
  const nothing = await fetchSecurely(gone, {}, { kind: 'authorities', caFile: null }).catch((error) =>
    connectionError(gone, error),
  );
  assert.ok(nothing instanceof CommandError);
  assert.equal(nothing.message, 'Samovar does not answer at https://127.0.0.1:9.');
  assert.match(nothing.remedy, /samovar up/);
});
