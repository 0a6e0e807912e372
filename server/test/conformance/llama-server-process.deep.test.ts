import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { llamaServerProgram } from '../llama-server-program.ts';
import { testModel } from '../models.ts';
import { type StartedWorker, startModelWorker } from './start-model-worker.ts';

let worker: StartedWorker | null = null;
afterEach(async () => {
  await worker?.stop();
  worker = null;
});

async function start(): Promise<StartedWorker> {
  const { manifest, files } = await testModel('smollm2-135m-instruct');
  worker = await startModelWorker(
    { files, manifest: { ...manifest, engine: 'llama-server' } },
    {
      parallelSequences: 2,
      queueLimit: 4,
      contextTokens: 512,
      engineProgram: await llamaServerProgram(),
    },
  );
  return worker;
}

const messages = [{ role: 'user', content: 'Repeat: 🙂👩‍👩‍👧' }];
const path = '/v1/chat/completions';
const childOf = (pid: number) =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
const lives = (pid: number) =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

async function gone(pid: number): Promise<void> {
  for (let waits = 0; lives(pid); waits += 1) {
    assert.ok(waits < 200, `process ${pid} still runs`);
    await wait(50);
  }
}

test('a killed worker leaves no llama-server behind', async () => {
  const { pid } = await start();
  const server = childOf(pid);
  assert.ok(lives(server));
  process.kill(pid, 'SIGKILL');
  await gone(server);
});

test('when llama-server dies a running stream ends with an error event, and the worker ends', async () => {
  const { pid, client } = await start();
  const { events } = await client.stream(path, { messages, stream: true, max_completion_tokens: 400 });
  let last: unknown = null;
  let killed = false;
  await assert.rejects(async () => {
    for await (const event of events) {
      last = event;
      if (!killed) process.kill(childOf(pid), 'SIGKILL');
      killed = true;
    }
    const { error } = last as { error?: { code: string } };
    assert.equal(error?.code, 'engine.failed');
    throw new Error('ended with an error event');
  }, /ended with an error event/);
  await gone(pid);
});

test('log-probabilities are told of parts of characters too, and refused by name together with a schema', async () => {
  const { client } = await start();
  const asked = { messages, logprobs: true, top_logprobs: 2, max_completion_tokens: 12, temperature: 0 };
  const { body } = await client.post(path, asked);
  const { choices } = body as {
    choices: { logprobs: { content: { bytes: number[]; top_logprobs: object[] }[] } }[];
  };
  const tokens = choices[0]?.logprobs.content ?? [];
  assert.ok(tokens.length > 0 && tokens.every(({ top_logprobs: top }) => top.length === 2));
  const refused = await client.post(path, { ...asked, response_format: { type: 'json_object' } });
  assert.equal(refused.status, 400);
  assert.match(JSON.stringify(refused.body), /engine\.unsupported_parameter.*logprobs/);
});
