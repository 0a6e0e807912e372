import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SamovarError } from '../../kernel/errors.ts';
import type { OperationEvent, OperationState } from './operation.ts';
import { hasEnded, nextOperationState, openStates, transitionOf } from './operation-state.ts';

const states: OperationState[] = ['created', 'running', 'done', 'failed', 'cancelled', 'expired'];
const events: OperationEvent[] = ['start', 'release', 'succeed', 'fail', 'cancel', 'expire'];

test('an operation that has ended never changes again', () => {
  for (const state of states.filter(hasEnded))
    for (const event of events) assert.equal(nextOperationState(state, event), state);
  assert.deepEqual(openStates, ['created', 'running']);
});

test('nothing succeeds that was not started', () => {
  assert.throws(() => nextOperationState('created', 'succeed'), SamovarError);
  assert.equal(nextOperationState('running', 'succeed'), 'done');
});

test('what happens to one row and to many is the same table', () => {
  for (const event of events) {
    const { from, to } = transitionOf(event);
    assert.ok(from.length > 0);
    for (const state of from) assert.equal(nextOperationState(state, event), to);
    for (const state of states.filter(hasEnded)) assert.ok(!from.includes(state));
  }
});

test('a run that is given up waits again, and a lost one is taken over', () => {
  assert.equal(nextOperationState('running', 'release'), 'created');
  assert.equal(nextOperationState('running', 'start'), 'running');
});
