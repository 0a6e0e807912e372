import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { identityOf, isRunning, ownIdentity, signalProcess, waitForEnd } from './process-identity.ts';

test('a living process is recognised, and is gone after its end', async () => {
  const child = spawn('sleep', ['60']);
  const identity = identityOf(child.pid ?? 0);
  assert.ok(identity);
  assert.equal(isRunning(identity), true);
  const ended = once(child, 'exit');
  assert.equal(signalProcess(identity, 'SIGTERM'), true);
  assert.equal(await waitForEnd(identity, 5_000), true);
  await ended;
  assert.equal(identityOf(identity.pid), null);
});

test('a process that got a recorded pid later is told apart and never signalled', async () => {
  const bystander = spawn('sleep', ['60']);
  const now = identityOf(bystander.pid ?? 0);
  assert.ok(now);
  const recorded = { pid: now.pid, startedAt: `${now.startedAt}0` };
  assert.equal(isRunning(recorded), false);
  assert.equal(signalProcess(recorded, 'SIGKILL'), false);
  assert.equal(isRunning(now), true);
  bystander.kill();
  await once(bystander, 'exit');
});

test('this process knows itself', () => {
  assert.equal(isRunning(ownIdentity()), true);
});
