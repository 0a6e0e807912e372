import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf } from '../../test/file-server.ts';
import { startHubServer } from '../../test/hub-server.ts';
import { loadSettings } from '../config/load-settings.ts';
import { openModelSource } from './open-model-source.ts';

test("the hub's own variables are honored, and addresses that callers name may not be internal", async () => {
  const server = await startHubServer();
  const files = new Map([['model.gguf', contentOf('weights')]]);
  server.publish({ name: 'maker/secret', files, large: () => true, isPrivate: true });
  process.env.HF_ENDPOINT = server.endpoint;
  process.env.HF_TOKEN = server.token;
  const source = openModelSource(loadSettings({ outboundAllow: '' }));
  const archives = '/nowhere';
  try {
    const signal = AbortSignal.timeout(20_000);
    const found = await source.resolve('hf:maker/secret', signal, { archives });
    assert.equal(found.files[0]?.path, 'model.gguf');
    const refused = { code: 'request.address_refused' };
    const internal = server.endpoint.replace('http:', 'https:');
    await assert.rejects(source.resolve(`${internal}/model.gguf`, signal, { archives }), refused);
    await assert.rejects(
      source.resolve(`oci:${new URL(internal).host}/maker/model`, signal, { archives }),
      refused,
    );
    await assert.rejects(source.resolve('file:/etc/passwd', signal, { archives }), {
      code: 'model.source_invalid',
    });
  } finally {
    delete process.env.HF_ENDPOINT;
    delete process.env.HF_TOKEN;
    await source.close();
    await server.stop();
  }
});
