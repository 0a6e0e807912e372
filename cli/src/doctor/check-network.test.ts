import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { checkRegistries } from './check-network.ts';

test('registries are asked by the proxy of the environment, and nothing is afterwards', async () => {
  const asked: string[] = [];
  const proxy = createServer((_, response) => response.end());
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const { HTTPS_PROXY: before } = process.env;
  process.env.HTTPS_PROXY = `http://127.0.0.1:${port}`;
  try {
    const registry = 'https://registry.invalid/';
    const values = {
      npmRegistry: registry,
      pypiIndex: registry,
      mavenRepository: registry,
      hubEndpoint: registry,
    };
    const findings = await checkRegistries({ values });
    assert.ok(findings.every(({ state, remedy }) => state === 'warn' && remedy?.includes('HTTPS_PROXY')));
    assert.deepEqual(asked, Array(4).fill('registry.invalid:443'));
    await assert.rejects(fetch('https://registry.invalid/', { signal: AbortSignal.timeout(2000) }));
    assert.equal(asked.length, 4);
  } finally {
    if (before === undefined) delete process.env.HTTPS_PROXY;
    else process.env.HTTPS_PROXY = before;
    proxy.close();
  }
});
