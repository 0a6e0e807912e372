import type { BatchEntry } from '../llama-native.ts';
import { isDecoding, type Slot } from './slot.ts';

/** What the next decode evaluates. */
export interface PlannedStep {
  readonly entries: readonly (BatchEntry & { readonly of: Slot })[];
  readonly decoding: number;
  readonly prefilled: number;
}

/**
 * One token of every running stream, and a piece of the longest-waiting prompt: a whole chunk when nothing else
 * runs, else what the budget allows. Pieces end at multiples of the chunk, so that an undisturbed prompt is always
 * evaluated in the same shapes. `null` when there is nothing to evaluate now.
 */
export function planStep(
  slots: readonly Slot[],
  chunkTokens: number,
  tokensBeside: (decoding: number) => number,
): PlannedStep | null {
  const running = slots.filter((slot) => isDecoding(slot) && slot.active?.task.isPaused() === false);
  const entries = running.map((slot) => decodeEntry(slot));
  const waiting = longestWaiting(slots);
  let prefilled = 0;
  if (waiting !== null) {
    const most = entries.length > 0 ? tokensBeside(entries.length) : chunkTokens;
    const entry = prefillEntry(waiting, Math.min(most, chunkTokens - (waiting.length % chunkTokens)));
    prefilled = entry.tokens.length;
    entries.push(entry);
  }
  return entries.length === 0 ? null : { entries, decoding: running.length, prefilled };
}

function longestWaiting(slots: readonly Slot[]): Slot | null {
  let chosen: Slot | null = null;
  for (const slot of slots) {
    if (slot.active === null || isDecoding(slot)) continue;
    if (chosen === null || slot.lastUse < chosen.lastUse) chosen = slot;
  }
  return chosen;
}

function decodeEntry(slot: Slot): PlannedStep['entries'][number] {
  const last = slot.active === null ? 0 : slot.active.answerTokens - 1;
  const tokens = slot.active?.answer.slice(last, last + 1) ?? new Uint32Array(0);
  return { of: slot, slot: slot.index, firstPosition: slot.length, tokens, logitsAt: [0] };
}

function prefillEntry(slot: Slot, most: number): PlannedStep['entries'][number] {
  const prompt = slot.active?.task.prompt ?? new Uint32Array(0);
  const tokens = prompt.slice(slot.length, Math.min(prompt.length, slot.length + most));
  const scoreFrom = slot.active?.task.scoreFrom ?? prompt.length;
  const logitsAt: number[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const position = slot.length + index;
    if (position + 1 >= scoreFrom || position + 1 === prompt.length) logitsAt.push(index);
  }
  return { of: slot, slot: slot.index, firstPosition: slot.length, tokens, logitsAt };
}
