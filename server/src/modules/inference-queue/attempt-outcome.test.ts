import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '@samovar/contract/errors';
import { systemClock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import { outcomeOfEnding, outcomeOfError } from './attempt-outcome.ts';
import { unusedRecord } from './unused-record.ts';

const facts = {
  id: 'i',
  organizationId: 'o',
  projectId: 'p',
  keyId: 'k',
  requestId: 'r',
  endpoint: 'completions',
  model: 'm',
};
const record = { ...unusedRecord(facts, new SamovarError('engine.failed'), systemClock), outputTokens: 7 };

function outcome(code: ErrorCode, failures = 0) {
  return outcomeOfError(new SamovarError(code), { failures, backOffMs: 100, record });
}

test('a failure of the engine is tried again with growing pauses, and not for ever', () => {
  const pauses = [0, 1, 2, 3].map((failures) => {
    const { kind, ...rest } = outcome('engine.worker_lost', failures);
    assert.equal(kind, 'release');
    return rest;
  });
  assert.deepEqual(
    pauses,
    [100, 200, 400, 800].map((pauseMs) => ({ pauseMs, failed: true })),
  );
  assert.equal(outcome('engine.worker_lost', 4).kind, 'fail');
});

test('a key or a model that this process does not know yet is asked for again, and not for ever', () => {
  for (const code of ['access.key_invalid', 'model.not_found'] as const) {
    assert.equal(outcome(code).kind, 'release');
    const ended = outcome(code, 4);
    assert.ok(ended.kind === 'fail' && ended.failure.code === code);
  }
});

test('what no engine has tried waits on without counting as a failure', () => {
  for (const code of [
    'engine.busy',
    'engine.load_timeout',
    'engine.unreachable',
    'engine.remote_unavailable',
  ] as const)
    assert.deepEqual(outcome(code, 4), { kind: 'release', pauseMs: 100, failed: false });
  for (const code of ['system.draining', 'system.policy_stale'] as const)
    assert.deepEqual(outcome(code, 4), { kind: 'release', pauseMs: 0, failed: false });
});

test('what is wrong with the request itself ends it at once', () => {
  for (const code of ['engine.context_exceeded', 'request.invalid', 'model.wrong_task'] as const) {
    const ended = outcome(code);
    assert.ok(ended.kind === 'fail' && ended.failure.code === code && ended.record === record);
  }
});

test('what is cancelled or too late is metered with what it used and why it ended', () => {
  for (const [kind, status, errorCode] of [
    ['cancel', 499, 'operation.cancelled'],
    ['expire', 504, 'operation.expired'],
  ] as const) {
    const ended = outcomeOfEnding(kind, record);
    assert.ok(ended.kind === kind && ended.failure.code === errorCode);
    assert.deepEqual(ended.record, { ...record, status, errorCode });
  }
  assert.equal(outcome('engine.deadline_passed').kind, 'expire');
});
