import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Dispatcher, interceptors } from 'undici';
import { createTestAuthority } from '../../../test/certificates.ts';
import { type ForwardProxy, startForwardProxy } from '../../../test/forward-proxy.ts';
import { createOutboundGuard } from '../outbound-guard/outbound-guard.ts';
import { createNetworkAgent } from './network-agent.ts';

const authority = createTestAuthority();
let folder: string;
let hub: Server;
let proxy: ForwardProxy;
let agent: Dispatcher;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-agent-'));
  await writeFile(join(folder, 'ca.pem'), authority.cert);
  hub = createSecureServer(authority.issue('hub.example'), (request, response) => {
    const to = new URL(request.url ?? '', 'https://hub.example').searchParams.get('to');
    if (to === null) response.end('a model');
    else response.writeHead(302, { location: to }).end();
  });
  hub.listen(0, '127.0.0.1');
  await once(hub, 'listening');
  const { port } = hub.address() as AddressInfo;
  proxy = await startForwardProxy({ hosts: { 'hub.example': port, '10.0.0.9': port } });
  const network = {
    caFiles: [join(folder, 'ca.pem')],
    httpProxy: null,
    httpsProxy: `http://localhost:${proxy.port}`,
    noProxy: '',
  };
  const guard = createOutboundGuard({
    allow: [],
    resolveName: async () => {
      throw new Error('ENOTFOUND');
    },
  });
  agent = createNetworkAgent(network, { silenceMs: 3000, guard });
});

after(async () => {
  await agent.destroy();
  await proxy.stop();
  hub.closeAllConnections();
  hub.close();
  await rm(folder, { recursive: true, force: true });
});

async function get(path: string): Promise<string> {
  const following = agent.compose(interceptors.redirect({ maxRedirections: 3 }));
  const { body } = await following.request({ origin: 'https://hub.example', path, method: 'GET' });
  return await body.text();
}

test('a hub that only the proxy knows is reached through it, redirects too', async () => {
  assert.equal(await get('/'), 'a model');
  assert.equal(await get('/?to=https://hub.example/file'), 'a model');
  assert.ok(proxy.asked.every((line) => line === 'CONNECT hub.example:443'));
});

test('a redirect to an internal address is refused before the proxy hears of it', async () => {
  const before = proxy.asked.length;
  for (const to of [
    'https://10.0.0.9/',
    'https://169.254.169.254/',
    'https://metadata.google.internal/',
    'https://metadata.google.internal../',
    'https://nas/',
    'https://nas../',
  ])
    await assert.rejects(get(`/?to=${to}`), { code: 'request.address_refused' }, to);
  await assert.rejects(get('/?to=http://127.0.0.1/'), { code: 'request.address_refused' });
  assert.deepEqual(
    proxy.asked.slice(before).filter((line) => !line.includes('hub.example')),
    [],
  );
});
