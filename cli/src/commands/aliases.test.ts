import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ConsoleCommands, startConsoleCommands } from '../../../server/test/console-commands.ts';
import type { ConsoleServer } from '../../../server/test/console-server.ts';
import { addReadyModel } from '../../../server/test/ready-model-rows.ts';

let commands: ConsoleCommands;
let server: ConsoleServer;

before(async () => {
  commands = await startConsoleCommands();
  ({ server } = commands);
});
after(() => commands.stop());

const samovar = (words: readonly string[]) => commands.run(words);

test('an alias is set, shown, canaried, promoted, rolled back, listed, and its history is told', async () => {
  const { modelName } = server;
  await addReadyModel(server.store, 'next');
  const set = await samovar([
    ...['aliases', 'set', 'desk', `${modelName}=90`, 'next=10', '--fallback', 'next=overloaded,timeout'],
    ...['--sunset', '2027-01-01', '--successor', 'desk-2', '--reason', 'first'],
  ]);
  assert.match(set.out, new RegExp(`${modelName} +90 % +ready`), set.err);
  assert.match(set.out, /next +fallback +overloaded, timeout +ready/);
  assert.match(set.out, /gone from 2027-01-01; use desk-2/);
  const none = await samovar(['aliases', 'set', 'desk', '--no-fallback', '--no-deprecated']);
  assert.doesNotMatch(none.out, /fallback|deprecated/);
  const canary = await samovar([
    'aliases',
    'canary',
    'desk',
    'next',
    '--steps',
    '5:10m,50:1h',
    '--no-latency',
    ...['--max-wait', '6h', '--when-quiet', 'advance'],
  ]);
  assert.match(canary.out, /canary of next runs: step 1 of 2, 5 %/, canary.err);
  assert.match(
    canary.out,
    /without 50 requests to the candidate by 20[-\dT:]+, it goes on to the next step unjudged/,
  );
  assert.match((await samovar(['aliases'])).out, /desk +.*95 %, next 5 %.*canary at 5 %/);
  await samovar(['aliases', 'canary', 'desk', '--stop']);
  const endless = await samovar([
    ...['aliases', 'canary', 'desk', 'next', '--steps', '5:10m,50:1h', '--max-wait', 'forever'],
  ]);
  assert.match(endless.out, /the step waits until the candidate got 50 requests/, endless.err);
  const stopped = await samovar(['aliases', 'canary', 'desk', '--stop']);
  assert.match(stopped.out, /last canary, of next: stopped at step 1 of 2/, stopped.err);
  const promoted = await samovar(['aliases', 'promote', 'desk', '--reason', 'good', '--json']);
  assert.equal(JSON.parse(promoted.out).targets[0].model, 'next');
  const back = await samovar(['aliases', 'rollback', 'desk', '--json']);
  assert.equal(JSON.parse(back.out).targets[0].weight, 9500);
  const history = await samovar(['aliases', 'history', 'desk']);
  assert.match(history.out, /rollback.*\n.*promote.*good\n.*canary/s);
  assert.match((await samovar(['aliases', 'remove', 'desk'])).out, /desk is gone/);
  assert.match((await samovar(['aliases', 'show', 'desk'])).err, /no alias `desk`/);
});

test('an alias may have any name, and is found however it was typed', async () => {
  const name = 'Мой помощник/проба';
  const set = await samovar(['aliases', 'set', name, server.modelName]);
  assert.match(set.out, /Мой помощник\/проба/, set.err);
  const typed = name.normalize('NFD');
  const shown = await samovar(['aliases', 'show', typed, '--json']);
  assert.equal(JSON.parse(shown.out).name, name);
  assert.match((await samovar(['aliases', 'history', typed])).out, /set/);
  assert.match((await samovar(['aliases', 'remove', typed])).out, /Мой помощник\/проба is gone/);
  // A branch that is called like what can be done with an alias.
  await samovar(['aliases', 'set', 'desk/history', server.modelName]);
  const branch = await samovar(['aliases', 'show', 'desk/history', '--json']);
  assert.equal(JSON.parse(branch.out).name, 'desk/history');
  const refused = await samovar(['aliases', 'set', 'a\u200bb', server.modelName]);
  assert.match(refused.err, /invisible/);
});
