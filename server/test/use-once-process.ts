import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { dataFolder } from '@samovar/contract/data-folder';
import { startSupervised, until } from './supervised-run.ts';

/** How long an idle server is watched. */
const idleMs = 3_000;

const [what, data] = process.argv.slice(2);
if (what === 'use' && data !== undefined) await useOnce(data);
else if (what === 'leak') await leak();
else throw new Error('call it with `use` and a data folder, or with `leak`');

/** Starts everything, calls both default models, leaves it idle for a moment, and stops it. */
async function useOnce(data: string): Promise<void> {
  const run = startSupervised(data, { SAMOVAR_DEFAULT_MODELS: 'smollm2-135m-instruct,all-minilm-l6-v2' });
  await run.ready;
  const { url } = run.record();
  const headers = {
    authorization: `Bearer ${readFileSync(dataFolder(data).firstKey, 'utf8').trim()}`,
    'content-type': 'application/json',
  };
  const call = async (path: string, body: object) =>
    await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const messages = [{ role: 'user', content: 'Hello' }];
  const models = ['chat-default', 'embedding-default'];
  await until(
    'the models are there',
    async () => {
      const found = await Promise.all(models.map((name) => fetch(`${url}/v1/models/${name}`, { headers })));
      return found.every((answer) => answer.ok);
    },
    240_000,
  );
  const chat = await call('/v1/chat/completions', { model: models[0], messages, max_tokens: 8 });
  assert.equal(chat.status, 200, await chat.text());
  const embedding = await call('/v1/embeddings', { model: models[1], input: 'tea' });
  assert.equal(embedding.status, 200, await embedding.text());
  await pause(idleMs);
  run.child.kill('SIGTERM');
  assert.equal(await run.ended, 0, run.errorText());
}

/** What must be noticed: a name that is asked for, and a connection to an address outside. */
async function leak(): Promise<void> {
  await lookup('registry.example').catch(() => undefined);
  await new Promise<void>((resolve) => {
    const socket = connect({ host: '192.0.2.1', port: 443, timeout: 500 });
    const end = () => {
      socket.destroy();
      resolve();
    };
    socket.once('error', end);
    socket.once('timeout', end);
  });
}
