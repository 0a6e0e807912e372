import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CachedSlot, reusableTokens, type WantedTokens } from './cached-slot.ts';
import { chooseSlot } from './choose-slot.ts';

const chunk = 4;

function slotWith(index: number, tokens: readonly number[], lastUse: number): CachedSlot {
  return {
    index,
    tokens: Uint32Array.from(tokens),
    length: tokens.length,
    exactTokens: tokens.length - (tokens.length % chunk),
    exactPiece: chunk,
    lastUse,
    active: null,
  };
}

function taskFor(prompt: readonly number[], reproducible = false): WantedTokens {
  return { prompt: Uint32Array.from(prompt), reproducible };
}

const sequence = (from: number, length: number) => Array.from({ length }, (_, i) => from + i);

test('a conversation goes on in the slot that holds its beginning', () => {
  const slots = [slotWith(0, sequence(100, 20), 1), slotWith(1, sequence(0, 10), 2), slotWith(2, [], 0)];
  assert.equal(chooseSlot(slots, taskFor(sequence(0, 14)), chunk)?.index, 1);
});

test('a short common beginning does not throw a long conversation away', () => {
  const slots = [slotWith(0, sequence(0, 60), 1), slotWith(1, [], 0)];
  assert.equal(chooseSlot(slots, taskFor([...sequence(0, 3), 99, 98]), chunk)?.index, 1);
});

test('without anything in common the slot unused for longest is taken', () => {
  const slots = [slotWith(0, sequence(0, 9), 5), slotWith(1, sequence(20, 9), 3)];
  assert.equal(chooseSlot(slots, taskFor([77, 78]), chunk)?.index, 1);
});

test('the last token is always evaluated, and a reproducible task reuses whole chunks only', () => {
  const slot = slotWith(0, sequence(0, 12), 1);
  assert.equal(reusableTokens(slot, taskFor(sequence(0, 12)), chunk), 11);
  assert.equal(reusableTokens(slot, taskFor(sequence(0, 12), true), chunk), 8);
  slot.exactTokens = 4;
  assert.equal(reusableTokens(slot, taskFor(sequence(0, 12), true), chunk), 4);
  assert.equal(reusableTokens(slot, taskFor(sequence(0, 12), true), 2), 0, 'computed in other shapes');
});
