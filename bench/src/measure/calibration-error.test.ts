import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calibrationError } from './calibration-error.ts';

test('who is right as often as sure has no calibration error; who is always sure and half right has a half', () => {
  const honest = [true, true, true, false].map((right) => ({ confidence: 0.75, right }));
  assert.equal(calibrationError(honest), 0);
  const boastful = [true, false].map((right) => ({ confidence: 1, right }));
  assert.equal(calibrationError(boastful), 0.5);
  assert.equal(calibrationError([...honest, ...honest, ...boastful, ...boastful]), 0.5 / 3);
});
