import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CanaryLimits, SideView } from '../registry/index.ts';
import { judgeCanary } from './judge-canary.ts';

const canary = {
  steps: [{ percent: 10, holdSeconds: 60 }],
  step: 0,
  limits: {
    minRequests: 20,
    maxErrorIncrease: 0.05,
    maxLatencyRatio: 2,
    maxWaitSeconds: 3600,
    whenQuiet: 'roll-back' as const,
  },
};

const side = (requests: number, failed = 0, firstByteP95Ms: number | null = 200): SideView => ({
  requests,
  failed,
  firstByteP95Ms,
});

function verdict(
  stable: SideView,
  candidate: SideView,
  stepElapsedMs = 60_000,
  limits: CanaryLimits = canary.limits,
) {
  return judgeCanary({ ...canary, limits }, { seen: { stable, candidate }, stepElapsedMs });
}

test('a candidate is judged by enough requests, and a step ends when it was held and judged', () => {
  assert.equal(verdict(side(500), side(19)).kind, 'wait');
  assert.equal(verdict(side(500), side(20)).kind, 'advance');
  assert.equal(verdict(side(500), side(20), 59_999).kind, 'wait');
});

test('a candidate that fails more often than the stable target is taken back before its time is over', () => {
  assert.equal(verdict(side(500), side(20, 1), 0).kind, 'wait');
  const worse = verdict(side(500, 5), side(20, 3), 0);
  assert.deepEqual(worse, {
    kind: 'roll-back',
    reason: '15 % of 20 requests to the candidate failed, and 1 % of 500 to the stable target',
  });
  assert.equal(verdict(side(500, 75), side(20, 3)).kind, 'advance', 'both fail as often');
  assert.equal(
    verdict(side(0), side(20, 3)).kind,
    'roll-back',
    'nothing to compare with: failing is failing',
  );
});

test('a candidate that has failed too often already is taken back before it has met as many as it is judged by', () => {
  assert.equal(verdict(side(500), side(1, 1), 0).kind, 'wait', 'one of twenty is no more than is allowed');
  assert.equal(verdict(side(500), side(2, 2), 0).kind, 'roll-back');
  assert.equal(verdict(side(500, 100), side(4, 4), 0).kind, 'wait', 'the stable target fails as often');
  assert.equal(verdict(side(19), side(19, 19), 0).kind, 'wait', 'too few to compare with');
});

test('a candidate that is slower by the ratio and by what one notices is taken back', () => {
  assert.equal(verdict(side(500), side(20, 0, 401)).kind, 'roll-back');
  assert.equal(verdict(side(500), side(20, 0, 399)).kind, 'advance');
  assert.equal(verdict(side(500, 0, 5), side(20, 0, 50)).kind, 'advance', 'a tenth of a second harms nobody');
  assert.equal(verdict(side(19), side(20, 0, 4000)).kind, 'advance', 'too few to compare with');
  assert.equal(verdict(side(500), side(20, 0, null)).kind, 'advance');
  const whatever = { ...canary.limits, maxLatencyRatio: null };
  assert.equal(verdict(side(500), side(20, 0, 4000), 60_000, whatever).kind, 'advance');
});

test('a step that gets too few requests ends when it has waited long enough, as its rule says', () => {
  const waited = 60_000 + 3_600_000;
  assert.equal(verdict(side(500), side(19), waited - 1).kind, 'wait');
  const reason =
    'the candidate got 19 of the 20 requests that it is judged by, and the step has waited an hour for more';
  assert.deepEqual(verdict(side(500), side(19), waited), { kind: 'roll-back', reason });
  for (const whenQuiet of ['advance', 'stop'] as const)
    assert.deepEqual(verdict(side(0), side(19), waited, { ...canary.limits, whenQuiet }), {
      kind: whenQuiet,
      reason,
    });
  const patient = { ...canary.limits, maxWaitSeconds: null };
  assert.equal(verdict(side(0), side(0), 1e12, patient).kind, 'wait');
  const hasty = { ...canary.limits, maxWaitSeconds: 1 };
  const brief = verdict(side(500), side(19), waited, hasty);
  assert.match('reason' in brief ? brief.reason : '', /has waited a second for more$/);
  assert.equal(verdict(side(500), side(20), waited).kind, 'advance', 'it was judged');
});
