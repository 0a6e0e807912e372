import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SamovarError } from '../../kernel/errors.ts';
import { checkRequest } from './check-request.ts';

type Given = Pick<Parameters<typeof checkRequest>[0], 'taskDescription' | 'labels' | 'text' | 'samples'>;

const good: Given = { taskDescription: '', labels: ['a', 'b'], text: 'x', samples: [] };

function refusal(more: Partial<Given>): [string, string | null] {
  try {
    checkRequest({ ...good, ...more });
  } catch (error) {
    assert.ok(error instanceof SamovarError);
    return [error.code, error.field];
  }
  throw new Error('it was taken');
}

test('from two to a hundred labels are taken, each there once, none empty or too long', () => {
  assert.deepEqual(refusal({ labels: [] }), ['request.missing_parameter', 'labels']);
  assert.deepEqual(refusal({ labels: ['a'] }), ['request.invalid', 'labels']);
  const labels = Array.from({ length: 101 }, (_, index) => `label ${index}`);
  assert.deepEqual(refusal({ labels }), ['request.invalid', 'labels']);
  assert.equal(checkRequest({ ...good, labels: labels.slice(1) }).labels.length, 100);
  assert.deepEqual(refusal({ labels: ['a', ' \n'] }), ['request.invalid', 'labels[1]']);
  assert.deepEqual(refusal({ labels: ['a b', 'c', ' a  b '] }), ['request.invalid', 'labels[2]']);
  assert.deepEqual(refusal({ labels: ['a', 'b'.repeat(257)] }), ['request.invalid', 'labels[1]']);
});

test('the text and every sample say something, and samples carry one of the labels', () => {
  assert.deepEqual(refusal({ text: ' \t' }), ['request.invalid', 'text']);
  assert.deepEqual(refusal({ samples: [{ text: '', label: 'a' }] }), ['request.invalid', 'samples[0].text']);
  const stranger = [
    { text: 'x', label: 'a ' },
    { text: 'y', label: 'c' },
  ];
  assert.deepEqual(refusal({ samples: stranger }), ['request.invalid', 'samples[1].label']);
  const many = Array.from({ length: 1001 }, () => ({ text: 'x', label: 'a' }));
  assert.deepEqual(refusal({ samples: many }), ['request.invalid', 'samples']);
});

test('space and line breaks around and within texts are one space', () => {
  const { text, samples, labels } = checkRequest({
    ...good,
    labels: [' a\nb', 'c'],
    text: ' one\r\n two\u00a0three ',
    samples: [{ text: '\tfour', label: 'a  b' }],
  });
  assert.deepEqual(
    [text, labels[0], samples[0]?.text, samples[0]?.label],
    ['one two three', 'a b', 'four', 'a b'],
  );
});
