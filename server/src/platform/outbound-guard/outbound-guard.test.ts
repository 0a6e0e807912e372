import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { test } from 'node:test';
import { Agent, interceptors } from 'undici';
import { SamovarError } from '../../kernel/errors.ts';
import { createGuardedConnector } from './guarded-connector.ts';
import { createOutboundGuard } from './outbound-guard.ts';

const refusedAddresses = [
  ...['127.0.0.1', '127.8.9.10', '0.0.0.0', '10.1.2.3', '172.31.255.255', '192.168.1.1', '100.64.0.1'],
  ...['169.254.1.1', '169.254.169.254', '100.100.100.200', '192.0.0.1', '198.18.0.1', '203.0.113.9'],
  ...['224.0.0.1', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%lo', 'ff02::1', '::ffff:127.0.0.1'],
  ...['::ffff:a00:1', '::127.0.0.1', '64:ff9b::10.0.0.1', '64:ff9b:1::1', '2002:7f00:1::', '2001::1'],
  ...['2001:db8::1', '3fff::1', '100::1', '4000::1', '[::1]', '0:0:0:0:0:0:0:1'],
];
const publicAddresses = ['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '64:ff9b::1.1.1.1'];

/** A resolver whose answers change with each question. */
function resolverOf(answers: readonly (readonly string[])[]) {
  let asked = 0;
  return async () => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    return answer.map((address) => ({ address, family: isIP(address) === 4 ? (4 as const) : (6 as const) }));
  };
}

const isRefused = (error: unknown): boolean =>
  error instanceof SamovarError &&
  error.code === 'request.address_refused' &&
  error.remedy.includes('SAMOVAR_OUTBOUND_ALLOW');

test('every internal address is refused, however it is written, and public ones are not', async () => {
  const guard = createOutboundGuard({ allow: [] });
  for (const address of refusedAddresses)
    await assert.rejects(guard.resolve(address, 80), isRefused, `${address} was not refused`);
  for (const address of publicAddresses)
    assert.equal((await guard.resolve(address, 443)).length, 1, `${address} was refused`);
});

test('a name is judged by every address that it has', async () => {
  const mixed = createOutboundGuard({ allow: [], resolveName: resolverOf([['1.1.1.1', '10.0.0.1']]) });
  await assert.rejects(mixed.resolve('mixed.example.com', 443), isRefused);
  await assert.rejects(createOutboundGuard({ allow: [] }).resolve('localhost', 80), isRefused);
  for (const loopback of ['0x7f.1', '2130706433', '127.1'])
    await assert.rejects(
      createOutboundGuard({ allow: [] }).resolve(new URL(`http://${loopback}/`).hostname, 80),
    );
});

test('SAMOVAR_OUTBOUND_ALLOW lets through hosts, hosts with a port, domains, addresses and ranges, and no more', async () => {
  const allow = [
    'gpu-1',
    'gpu-2:8000',
    '*.models.svc',
    '10.1.0.0/16',
    '192.168.7.7',
    '[fd00::7]:9000',
    'FD12::/16',
  ];
  const inside = createOutboundGuard({ allow, resolveName: resolverOf([['10.9.9.9']]) });
  for (const [host, port] of [
    ['gpu-1', 1],
    ['GPU-1.', 80],
    ['gpu-2', 8000],
    ['a.b.models.svc', 80],
    ['10.1.255.1', 80],
    ['::ffff:10.1.0.1', 80],
    ['192.168.7.7', 5],
    ['[fd00::7]', 9000],
    ['fd12:0::1', 80],
  ] as const)
    assert.equal((await inside.resolve(host, port)).length, 1, `${host}:${port} was refused`);
  for (const [host, port] of [
    ['gpu-2', 8001],
    ['gpu-11', 80],
    ['models.svc', 80],
    ['evilmodels.svc', 80],
    ['10.2.0.1', 80],
    ['fd00::7', 9001],
    ['192.168.7.8', 5],
  ] as const)
    await assert.rejects(inside.resolve(host, port), isRefused, `${host}:${port} was let through`);
});

test("a range does not open a cloud's metadata service, its own address does", async () => {
  const wide = createOutboundGuard({ allow: ['0.0.0.0/0', '::/0'] });
  assert.equal((await wide.resolve('169.254.1.1', 80)).length, 1);
  await assert.rejects(wide.resolve('169.254.169.254', 80), isRefused);
  await assert.rejects(wide.resolve('::ffff:169.254.169.254', 80), isRefused);
  for (const address of ['169.254.170.2', 'fd00:ec2::23', 'FD20:CE::254', '168.63.129.16'])
    await assert.rejects(wide.resolve(address, 80), isRefused, address);
  const exact = createOutboundGuard({ allow: ['169.254.169.254:80'] });
  assert.equal((await exact.resolve('169.254.169.254', 80)).length, 1);
});

test('an entry that cannot be understood keeps the server from starting', () => {
  for (const entry of [
    '10.0.0.0/33',
    'a/8',
    '10.0.0.0/8/8',
    'host:0',
    'host:99999',
    'http://x',
    '[gpu]:8',
    'a b',
  ])
    assert.throws(
      () => createOutboundGuard({ allow: [entry] }),
      (error: unknown) => error instanceof SamovarError && error.message.includes(entry),
      entry,
    );
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a client connects to the address that was checked, not to what the name means a moment later', async () => {
  const server = createServer((request, response) => response.end(request.headers.host));
  const port = await listen(server);
  // The first answer is allowed, each later one would be refused: were the name asked twice, nothing would be reached.
  const resolveName = resolverOf([['127.0.0.1'], ['10.255.255.1']]);
  const guard = createOutboundGuard({ allow: [`127.0.0.1:${port}`], resolveName });
  const agent = new Agent({ connect: createGuardedConnector(guard) });
  const answer = await agent.request({ origin: `http://rebind.example:${port}`, path: '/', method: 'GET' });
  assert.equal(await answer.body.text(), `rebind.example:${port}`);
  await agent.close();
  server.close();
});

test('a redirect to an internal address is refused, also by name', async () => {
  const secret = createServer((_, response) => response.end('secret'));
  const secretPort = await listen(secret);
  const front = createServer((_, response) =>
    response.writeHead(302, { location: `http://localhost:${secretPort}/` }).end(),
  );
  const port = await listen(front);
  const guard = createOutboundGuard({ allow: [`127.0.0.1:${port}`] });
  const agent = new Agent({ connect: createGuardedConnector(guard) });
  const following = agent.compose(interceptors.redirect({ maxRedirections: 3 }));
  await assert.rejects(
    following.request({ origin: `http://127.0.0.1:${port}`, path: '/', method: 'GET' }),
    isRefused,
  );
  await agent.close();
  front.close();
  secret.close();
});
