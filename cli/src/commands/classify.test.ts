import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { startTestGateway, type TestGateway, versionId } from '../../../server/test/gateway.ts';
import { type ScriptedWorker, sendJson, startScriptedWorker } from '../../../server/test/scripted-worker.ts';
import { newDataFolder, runSamovar } from '../../test/run-samovar.ts';

let worker: ScriptedWorker;
let gateway: TestGateway;
let data: string;

before(async () => {
  data = newDataFolder();
  // Finds every label as likely as any other behind the content-free text, and the longest the likeliest behind others.
  worker = await startScriptedWorker(({ body, response }) => {
    const { prompts, continuations } = body as { prompts: string[]; continuations: string[] };
    const scores = prompts.map((prompt) =>
      continuations.map((text) => ({
        logprob: prompt.includes('Text: N/A\n') ? -9 : text.length - 20,
        tokens: 1,
      })),
    );
    sendJson(response, 200, JSON.stringify({ scores, usage: { prompt_tokens: 7 } }));
  });
  gateway = await startTestGateway({ replicas: [worker.replica(versionId)] });
});
after(async () => {
  await gateway.stop();
  await worker.die();
  rmSync(dirname(data), { recursive: true, force: true });
});

async function samovar(words: readonly string[], input: string | null = null) {
  const environment = { SAMOVAR_PUBLIC_URL: gateway.url, SAMOVAR_API_KEY: gateway.key };
  return await runSamovar(data, ['classify', ...words], environment, input);
}

test('classify prints each label with its confidence, the best first', async () => {
  const { status, out } = await samovar(['The tea', 'is cold.', '--labels', 'praise,blame', '-l', 'neither']);
  assert.equal(status, 0);
  assert.match(out, /neither +0\.\d{3}\n.*praise +0\.\d{3}\n.*blame +0\.\d{3}/s);
  assert.match(JSON.stringify(worker.requests.at(-1)?.body.prompts), /The tea is cold\./);
  const piped = await samovar(['--labels', 'praise,blame', '--json'], 'What a cosy room!\n');
  const { predictions } = JSON.parse(piped.out) as { predictions: { label: string }[] };
  assert.deepEqual(
    predictions.map(({ label }) => label),
    ['praise', 'blame'],
  );
});

test('samples come from a file, and name the labels where nobody does', async () => {
  const file = join(dirname(data), 'samples.jsonl');
  writeFileSync(file, '{"text":"Fine.","label":"praise"}\n\n{"text":"Awful.","label":"blame"}\n');
  const { status, out } = await samovar(['So so.', '--task', 'What does it say?', '--samples', file]);
  assert.equal(status, 0);
  assert.match(out, /praise.*blame/s);
  assert.match(JSON.stringify(worker.requests.at(-1)?.body.prompts), /What does it say\?.*Text: Awful\./);
  writeFileSync(file, '{"text":"Fine."}\n');
  const broken = await samovar(['So so.', '--samples', file]);
  assert.equal(broken.status, 2);
  assert.match(broken.err, /Line 1 .* is no sample/);
  const absent = await samovar(['So so.', '--samples', `${file}.none`]);
  assert.equal(absent.status, 2);
  assert.match(absent.err, /cannot be read/);
});

test('what the server refuses is said in its words', async () => {
  const { status, err } = await samovar(['So so.', '--labels', 'a,b', '--model', 'none']);
  assert.equal(status, 1);
  assert.match(err, /does not exist/);
});

test('a command line that cannot be meant is refused as one, with status 2', async () => {
  for (const [words, reason] of [
    [['So so.'], /no labels to choose from/],
    [['So so.', '--labels', 'only'], /only one label, `only`/],
    [['So so.', '--labels', 'a,,b'], /An entry of the list is empty/],
    [['So so.', '--labels', 'a,b,'], /An entry of the list is empty/],
    [['--labels', 'a,b'], /nothing to classify/],
  ] as const) {
    const { status, err } = await samovar(words);
    assert.deepEqual([status, reason.test(err)], [2, true], err);
  }
  const nothing = await samovar(['--labels', 'a,b'], '');
  assert.equal(nothing.status, 2);
  assert.match(nothing.err, /nothing to classify/);
});
