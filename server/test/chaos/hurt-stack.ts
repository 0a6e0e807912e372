import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { signalProcess } from '@samovar/contract/process-identity';
import { livingProcesses } from '../supervised-run.ts';
import type { ChaosStack } from './chaos-stack.ts';
import { type Outcome, sendRequest } from './send-request.ts';

export const chatModel = 'smollm2-135m-instruct';
export const embeddingModel = 'all-minilm-l6-v2';

/** The time in which usage reaches the disk or the database: the setting's default. */
const flushMs = 250;
/** For timers and answers that are late on a machine with other work. */
const slackMs = 250;
/** How long an aborted request waits for the worker's final counts. */
const finalCountsMs = 1_000;
/** Refused at the door, before any key is looked up, by a process that has just started or that stops: nobody's usage. */
const atTheDoor = ['system.database_away', 'system.draining'];

export function killRole(stack: ChaosStack, role: string): void {
  signalProcess(stack.run().process(role), 'SIGKILL');
}

export function killWorker(stack: ChaosStack, modelName: string): void {
  const worker = stack.modelWorker(modelName);
  assert.ok(worker, `${modelName} is loaded`);
  signalProcess(worker, 'SIGKILL');
}

export async function killSupervisor(stack: ChaosStack): Promise<void> {
  stack.run().child.kill('SIGKILL');
  await stack.run().ended;
  await stack.startAgain();
}

export async function killEverything(stack: ChaosStack): Promise<void> {
  for (const pid of livingProcesses(stack.run().record())) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // It ended when the one before it was killed.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
  await stack.run().ended;
  await stack.startAgain();
}

export interface Promised {
  readonly servedWithinMs: number;
  /** The first request after the kill is served, however long it waits. */
  readonly firstTry?: boolean;
}

/** Asks until an answer comes, which must be in time. */
export async function untilServed(stack: ChaosStack, killedAt: number, promised: Promised): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await sendRequest(stack, 'stream', 4);
    const tookMs = Date.now() - killedAt;
    const told = `try ${tries} after ${tookMs} ms: ${JSON.stringify(outcome)}`;
    assert.ok(tookMs < promised.servedWithinMs, told);
    if (outcome.end === 'completed') return;
    assert.ok(!promised.firstTry, told);
    await pause(100);
  }
}

/** Whether this request must be metered although an api process was killed at these moments. */
export function mustBeMetered(outcome: Outcome, apiKills: readonly number[]): boolean {
  if (outcome.end === 'broken') return false;
  if (outcome.status === 503 && atTheDoor.includes(outcome.errorCode ?? '')) return false;
  const windowMs = flushMs + slackMs + (outcome.end === 'aborted' ? finalCountsMs : 0);
  return !apiKills.some((at) => outcome.startedAt <= at && outcome.endedAt >= at - windowMs);
}

/** No request looked like a success without being one. */
export function assertNoTruncation(outcomes: readonly Outcome[]): void {
  assert.deepEqual(
    outcomes.filter(({ end }) => end === 'truncated'),
    [],
  );
}

/** Stops a stack in order; nothing of it may stay. */
export async function stopWhole(stack: ChaosStack): Promise<void> {
  const record = stack.run().record();
  stack.run().child.kill('SIGTERM');
  assert.equal(await stack.run().ended, 0);
  assert.deepEqual(livingProcesses(record), []);
}
