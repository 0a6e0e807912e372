import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConsoleCommands, startConsoleCommands } from '../../../server/test/console-commands.ts';
import type { ConsoleServer } from '../../../server/test/console-server.ts';

let commands: ConsoleCommands;
let server: ConsoleServer;

before(async () => {
  commands = await startConsoleCommands();
  ({ server } = commands);
});
after(() => commands.stop());

const samovar = (words: readonly string[]) => commands.run(['models', ...words]);

/** What a worker process does: ends the check that is asked for next. */
async function endNext(kind: string, set: string, values: readonly unknown[]): Promise<void> {
  for (let waited = 0; ; waited += 50) {
    const { rowCount } = await server.store.pool.query(
      `update model_checks set ended_at = now(), ${set} where kind = '${kind}' and state = 'queued'`,
      [...values],
    );
    if (rowCount === 1) return;
    assert.ok(waited < 20_000, 'nothing was asked for');
    await sleep(50);
  }
}

test('check tells each feature and each broken promise, and ends with 1 when there is one', async () => {
  const findings = [
    { feature: 'streaming', outcome: 'passed', detail: '32 tokens in 30 parts.', failures: [] },
    { feature: 'tools', outcome: 'failed', detail: 'Calls.', failures: ['a call is missing', 'another too'] },
  ];
  const done = "state = 'done', result = $1";
  const [checked] = await Promise.all([
    samovar(['check', server.modelName]),
    endNext('conformance', done, [JSON.stringify({ findings })]),
  ]);
  assert.equal(checked.status, 1, checked.err);
  assert.match(
    checked.out,
    /streaming +passed +32 tokens.*\ntools +failed +a call is missing\n +another too/,
  );
  const shown = await samovar(['show', server.modelName]);
  assert.match(shown.out, /Checked 20.*:\nfeature +outcome +found\nstreaming +passed/);
});

test('a model that cannot be asked is told with its reason', async () => {
  const failure = { code: 'engine.load_failed', message: 'It has no memory.', remedy: 'Free some.' };
  const [checked] = await Promise.all([
    samovar(['check', server.modelName]),
    endNext('conformance', "state = 'failed', failure = $1", [JSON.stringify(failure)]),
  ]);
  assert.equal(checked.status, 1);
  assert.match(checked.err, /It has no memory\.\n.*Free some\./);
  const begun = await samovar(['check', server.modelName, '--no-wait']);
  assert.deepEqual([begun.status, begun.out], [0, `${server.modelName} is being checked.\n`]);
});

test('bench tells tokens per second and the time to the first token by requests at a time', async () => {
  const level = {
    requests: 6,
    failures: 0,
    inputTokens: 700,
    outputTokens: 300,
    tokensPerSecondEach: 21.5,
    textsPerSecond: null,
    firstTokenMs: { p50: 120.4, p95: 180 },
  };
  const levels = [
    { ...level, parallel: 1, tokensPerSecond: 20 },
    { ...level, parallel: 2, tokensPerSecond: 33.3 },
  ];
  const setup = { hardware: 'a processor, 2 cores, cpu', engine: 'llama-cpp', options: { threads: 1 } };
  const [measured] = await Promise.all([
    samovar(['bench', server.modelName, '--parallel', '2,1', '--output-tokens', '8']),
    endNext('speed', "state = 'done', result = $1, setup = $2", [
      JSON.stringify({ levels }),
      JSON.stringify(setup),
    ]),
  ]);
  assert.equal(measured.status, 0, measured.err);
  assert.match(measured.out, /llama-cpp, a processor, 2 cores, cpu, threads 1\n/);
  assert.match(measured.out, /\n2 +33\.3 +21\.5 +120 ms +180 ms +0\n/);
  const { rows } = await server.store.pool.query("select wanted from model_checks where kind = 'speed'");
  assert.deepEqual(rows[0].wanted, { parallel: [1, 2], promptTokens: 128, outputTokens: 8 });
  assert.match((await samovar(['show', server.modelName])).out, /Measured 20.* on llama-cpp, .*:\nat a time/);
  assert.equal((await samovar(['bench', server.modelName, '--parallel', '0'])).status, 2);
});
