import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import OpenAI from 'openai';
import { runSamovar } from '../../../cli/test/run-samovar.ts';
import { llamaServerProgram } from '../llama-server-program.ts';
import { cleanUp } from '../supervised-run.ts';
import { type ChaosStack, startChaosStack } from './chaos-stack.ts';

const chat = 'smollm2-135m-instruct';
let stack: ChaosStack;

before(async () => {
  stack = await startChaosStack({ SAMOVAR_LLAMA_SERVER: await llamaServerProgram() });
});
after(async () => {
  stack?.run().child.kill('SIGTERM');
  await stack?.run().ended;
  cleanUp();
});

/** Whether the model's worker has a llama-server for a child. */
function onLlamaServer(): boolean {
  const worker = stack.modelWorker(chat);
  if (worker === null) return false;
  const children = readFileSync(`/proc/${worker.pid}/task/${worker.pid}/children`, 'utf8').trim();
  return children.split(' ').some((pid) => pid !== '' && programOf(pid) === 'llama-server');
}

function programOf(pid: string): string | null {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return null; // it has ended
  }
}

/** Waits until the wanted engine runs the model, and an answer came from it. */
async function until(llamaServer: boolean): Promise<string> {
  const client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.key, maxRetries: 0 });
  const deadline = Date.now() + 120_000;
  for (;;) {
    const answer = await client.chat.completions.create({
      model: chat,
      messages: [{ role: 'user', content: 'Say hello.' }],
      max_completion_tokens: 12,
      temperature: 0,
      seed: 1,
    });
    if (onLlamaServer() === llamaServer) return answer.choices[0]?.message.content ?? '';
    assert.ok(Date.now() < deadline, 'the engine was not changed in time');
    await pause(500);
  }
}

const command = (...words: string[]) =>
  runSamovar(stack.data.root, words, { SAMOVAR_PUBLIC_URL: stack.url, SAMOVAR_API_KEY: stack.key });

test('a model goes to llama-server and back by one command each, and no request fails meanwhile', async () => {
  const before = await until(false);
  const chosen = await command('models', 'engine', chat, 'llama-server');
  assert.equal(chosen.status, 0, chosen.err);
  assert.match(chosen.out, /runs on llama-server/);
  const there = await until(true);
  assert.ok(there.length > 0);
  const shown = await command('models', '--json');
  assert.match(shown.out, /"engine": "llama-server"/);

  const back = await command('models', 'engine', chat, 'llama-cpp');
  assert.equal(back.status, 0, back.err);
  assert.equal(await until(false), before);
});

test('the choice holds after a restart, and an engine that there is not is refused with those that there are', async () => {
  assert.equal((await command('models', 'engine', chat, 'llama-server')).status, 0);
  await until(true);
  stack.run().child.kill('SIGTERM');
  await stack.run().ended;
  await stack.startAgain();
  assert.ok((await until(true)).length > 0);
  const refused = await command('models', 'engine', chat, 'moon');
  assert.equal(refused.status, 1);
  assert.match(refused.err, /this model runs on llama-cpp or llama-server/);
});
