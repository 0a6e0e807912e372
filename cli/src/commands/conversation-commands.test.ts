import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { startTestGateway, type TestGateway, versionId } from '../../../server/test/gateway.ts';
import {
  beginEvents,
  chatEvent,
  doneEvent,
  type ScriptedWorker,
  startScriptedWorker,
  usageEvent,
} from '../../../server/test/scripted-worker.ts';
import {
  newDataFolder,
  openInput,
  runSamovar,
  samovarCommand,
  samovarEnvironment,
  startSamovar,
  watchCommand,
} from '../../test/run-samovar.ts';

let worker: ScriptedWorker;
let gateway: TestGateway;
let data: string;

const stopChoice = [{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }];

before(async () => {
  data = newDataFolder();
  // Says how many messages it was given and repeats the last; "hang" never ends, "break" dies in the middle.
  worker = await startScriptedWorker(({ body, response }) => {
    const messages = body.messages as { content: string }[];
    const last = messages.at(-1)?.content ?? '';
    beginEvents(response);
    response.write(chatEvent(`${messages.length}:`));
    if (last === 'hang') return;
    if (last === 'break') {
      response.destroy();
      return;
    }
    response.write(chatEvent(last));
    response.write(chatEvent('', { choices: stopChoice }));
    response.end(usageEvent() + doneEvent);
  });
  gateway = await startTestGateway({ replicas: [worker.replica(versionId)] });
});
after(async () => {
  await gateway.stop();
  await worker.die();
  rmSync(dirname(data), { recursive: true, force: true });
});

const environment = () => ({ SAMOVAR_PUBLIC_URL: gateway.url, SAMOVAR_API_KEY: gateway.key });

async function samovar(words: readonly string[], input: string | null = null) {
  return await runSamovar(data, words, environment(), input);
}

test('ask prints the answer to the question and to what is piped in', async () => {
  const asked = await samovar(['ask', 'Why', 'so?']);
  assert.deepEqual(asked, { status: 0, out: '1:Why so?\n', err: '' });
  const piped = await samovar(['ask', 'Sum up:', '--system', 'Be brief.'], 'a long text\n');
  assert.equal(piped.out, '2:Sum up:\n\na long text\n');
  const sent = worker.requests.at(-1)?.body.messages;
  assert.deepEqual(sent, [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Sum up:\n\na long text' },
  ]);
});

test('ask --json prints the answer with its model, end and tokens', async () => {
  const asked = await samovar(['ask', 'Hi', '--json', '--max-tokens', '9', '--temperature', '0', '-m', 'm']);
  assert.deepEqual(JSON.parse(asked.out), {
    answer: '1:Hi',
    model: 'm',
    finishReason: 'stop',
    usage: { promptTokens: 11, completionTokens: 3 },
  });
  assert.equal(worker.requests.at(-1)?.body.temperature, 0);
});

test('ask refuses an empty question with 2, an unknown model with 1, and a wrong key with 4', async () => {
  assert.equal((await samovar(['ask'])).status, 2);
  const unknown = await samovar(['ask', 'Hi', '-m', 'none']);
  assert.equal(unknown.status, 1);
  assert.match(unknown.err, /`none` does not exist/);
  const wrong = await runSamovar(data, ['ask', 'Hi'], { ...environment(), SAMOVAR_API_KEY: 'smv_wrong' }, '');
  assert.equal(wrong.status, 4);
});

test('an answer that breaks off ends ask with a failure that says so', async () => {
  const broken = await samovar(['ask', 'break']);
  assert.equal(broken.status, 1);
  assert.match(broken.err, /model worker ended/);
});

test('ask goes on without a pipe that stays open and silent, and says so', async () => {
  const asking = startSamovar(data, ['ask', 'Hi'], environment(), openInput);
  const { status, out, err } = await asking.finished;
  assert.equal(status, 0);
  assert.equal(out, '1:Hi\n');
  assert.match(err, /silent for 3 seconds.*--stdin/);
  const hurried = startSamovar(data, ['ask', 'Hi', '--no-stdin'], environment(), openInput);
  assert.deepEqual(await hurried.finished, { status: 0, out: '1:Hi\n', err: '' });
});

test('ask refuses to both wait for the standard input and leave it alone', async () => {
  for (const words of [
    ['--stdin', '--no-stdin'],
    ['--no-stdin', '--stdin'],
  ]) {
    const { status, err } = await samovar(['ask', 'Hi', ...words]);
    assert.equal(status, 2);
    assert.match(err, /exclude each other/);
  }
});

test('ask waits for a slow writer once it began, or as long as it takes with --stdin or without a question', async () => {
  const began = startSamovar(data, ['ask', 'Sum up:'], environment(), openInput);
  const told = startSamovar(data, ['ask', 'Sum up:', '--stdin'], environment(), openInput);
  const bare = startSamovar(data, ['ask'], environment(), openInput);
  began.child.stdin?.write('a text');
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  began.child.stdin?.end(' with an end');
  told.child.stdin?.end('late');
  bare.child.stdin?.end('alone');
  assert.equal((await began.finished).out, '1:Sum up:\n\na text with an end\n');
  assert.equal((await told.finished).out, '1:Sum up:\n\nlate\n');
  assert.equal((await bare.finished).out, '1:alone\n');
});

test('ending ask in the middle of an answer cancels it on the worker', async () => {
  const asking = startSamovar(data, ['ask', 'hang'], environment(), '');
  await asking.shows('1:');
  const before = worker.cancelled.length;
  asking.child.kill('SIGINT');
  await asking.finished;
  for (let waits = 0; waits < 100 && worker.cancelled.length === before; waits += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(worker.cancelled.length, before + 1);
});

test('chat refuses a model that makes embeddings, at its start and in the middle, and names those that converse', async () => {
  const refused = await samovar(['chat', '-m', 'e'], 'one\n');
  assert.deepEqual([refused.status, refused.out], [1, '']);
  assert.match(refused.err, /e makes embeddings; it cannot converse\.\nTake one of .*\bm\b/);
  const switched = await samovar(['chat', '-m', 'm'], '/model e\none\n');
  assert.match(switched.err, /e makes embeddings/);
  assert.ok(switched.out.includes('1:one'), switched.out);
});

test('Ctrl-C empties the line that is being typed, and leaves only on an empty one', async () => {
  const words = [...samovarCommand, 'chat', '-m', 'm'].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qfec', words, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: samovarEnvironment(data, environment()),
  });
  const chat = watchCommand(child);
  await chat.shows('> ');
  child.stdin.write('not this');
  await chat.shows('not this');
  child.stdin.write('\u0003');
  child.stdin.write('two\r');
  await chat.shows('1:two');
  child.stdin.write('\u0003');
  await chat.shows('Ctrl-C once more');
  child.stdin.write('\u0003');
  const { status, out } = await chat.finished;
  assert.equal(status, 0, out);
});

test('chat keeps the conversation, forgets it on /reset, and goes on after an error', async () => {
  const input = ['one', 'two', '/reset', 'three', 'break', 'four', '/model none', '/model m', '/help', ''];
  const chat = await samovar(['chat', '--system', 'Be brief.'], input.join('\n'));
  assert.equal(chat.status, 1, 'a piped question that failed is told by the status');
  // One system message, then two for each turn that was answered.
  for (const text of ['2:one', '4:two', 'Forgotten.', '2:three', '4:four', 'Now m.', 'Ctrl-D leaves.'])
    assert.ok(chat.out.includes(text), text);
  assert.match(chat.err, /`none` does not exist/);
});
