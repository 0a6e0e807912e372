import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tellWhile } from './tell-while.ts';

test('what takes long is told as it goes, the same only once, and what is quick not at all', async () => {
  const told: string[] = [];
  const tell = (text: string) => void told.push(text);
  assert.equal(await tellWhile(Promise.resolve(1), { howFar: () => 'quick', pauseMs: 20, tell }), 1);
  assert.deepEqual(told, []);
  let asked = 0;
  const howFar = async () => {
    asked += 1;
    return `${Math.min(2, asked)} of 2`;
  };
  assert.equal(await tellWhile(sleep(300, 'done'), { howFar, pauseMs: 20, tell }), 'done');
  assert.deepEqual(told, ['1 of 2', '2 of 2']);
});

test('that it cannot be told how far something is changes nothing, and its own failure is the caller’s', async () => {
  const howFar = () => Promise.reject(new Error('nobody knows'));
  assert.equal(await tellWhile(sleep(60, 'done'), { howFar, pauseMs: 10 }), 'done');
  const failing = sleep(30).then(() => Promise.reject(new Error('it failed')));
  await assert.rejects(tellWhile(failing, { howFar, pauseMs: 10 }), /it failed/);
});

test('what is done does not wait for the answer how far it is, which is told to nobody', async () => {
  const told: string[] = [];
  const answer = Promise.withResolvers<string>();
  const telling = { howFar: () => answer.promise, pauseMs: 10, tell: (text: string) => void told.push(text) };
  assert.equal(await tellWhile(sleep(50, 'done'), telling), 'done');
  answer.resolve('half');
  await sleep(20);
  assert.deepEqual(told, []);
});
