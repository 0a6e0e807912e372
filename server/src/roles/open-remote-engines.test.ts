import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ForwardProxy, startForwardProxy } from '../../test/forward-proxy.ts';
import { startUpstream, type Upstream } from '../../test/openai-upstream.ts';
import { type RemoteFixture, startRemoteFixture } from '../../test/remote-fixture.ts';

let fixture: RemoteFixture;
let upstream: Upstream;
let proxy: ForwardProxy;
const { HTTP_PROXY: ours } = process.env;

before(async () => {
  upstream = await startUpstream({ flavour: 'vllm', models: ['far'] });
  proxy = await startForwardProxy({ hosts: { 'gpu.invalid': upstream.port } });
  process.env.HTTP_PROXY = `http://127.0.0.1:${proxy.port}`;
  fixture = await startRemoteFixture();
});
after(async () => {
  if (ours === undefined) delete process.env.HTTP_PROXY;
  else process.env.HTTP_PROXY = ours;
  await fixture.stop();
  await upstream.die();
  await proxy.stop();
});

test('an engine that the proxy of the environment alone can reach is probed and called by it', async () => {
  const engine = await fixture.connect('gpu', { url: 'http://gpu.invalid:8000' });
  assert.deepEqual([engine.state, engine.reason], ['healthy', null]);
  const asked = proxy.asked.length;
  assert.equal((await fixture.chat('far')).status, 200);
  const streamed = await (await fixture.chat('far', { stream: true })).text();
  assert.ok(streamed.endsWith('data: [DONE]\n\n'));
  assert.deepEqual(
    proxy.asked.slice(asked),
    Array(2).fill('POST http://gpu.invalid:8000/v1/chat/completions'),
  );
});

test('one on this machine is called directly, and an internal name is refused with its reason', async () => {
  const asked = proxy.asked.length;
  await fixture.connect(
    'near',
    { url: `http://127.0.0.1:${upstream.port}` },
    { models: [{ upstream: 'far', name: 'near' }] },
  );
  assert.equal((await fixture.chat('near')).status, 200);
  await fixture.call('POST', '/api/engines', { name: 'inside', baseUrl: 'http://gpu-9:8000' });
  const { body } = await fixture.call('POST', '/api/engines/inside/probe');
  assert.equal(body.state, 'away');
  assert.match(body.reason, /gpu-9:8000 .*internal network/);
  assert.equal(proxy.asked.slice(asked).filter((line) => !line.includes('gpu.invalid')).length, 0);
});
