import type { BatchEntry } from '../llama-native.ts';
import type { PrefillBudget } from './prefill-budget.ts';
import { isDecoding, isReading, runs, type Slot, wantedLength, wantedTokens } from './slot.ts';

/** What the next decode evaluates. */
export interface PlannedStep {
  readonly entries: readonly (BatchEntry & { readonly of: Slot })[];
  readonly decoding: number;
  readonly prefilled: number;
}

/**
 * One token of every running stream, and a piece of a prompt: of an interactive one where there is any, of the
 * longest-waiting one among equals. While an interactive prompt is read, background work stands still, unless it is
 * its turn: then it goes first. `null` when there is nothing to evaluate now.
 */
export function planStep(
  slots: readonly Slot[],
  budget: PrefillBudget,
  turnOfBackground: boolean,
): PlannedStep | null {
  const interactive = slots.filter((slot) => runs(slot, 'interactive'));
  const background = slots.filter((slot) => runs(slot, 'background'));
  const held = interactive.some(isReading) && !turnOfBackground;
  const moving = held ? interactive : [...interactive, ...background];
  const running = moving.filter((slot) => isDecoding(slot) && slot.active?.task.isPaused() === false);
  const entries = running.map((slot) => decodeEntry(slot));
  const reading = turnOfBackground
    ? (longestWaiting(background) ?? longestWaiting(interactive))
    : (longestWaiting(interactive) ?? longestWaiting(background));
  let prefilled = 0;
  if (reading !== null) {
    const entry = prefillEntry(reading, pieceOf(reading, budget, entries.length));
    prefilled = entry.tokens.length;
    entries.push(entry);
  }
  return entries.length === 0 ? null : { entries, decoding: running.length, prefilled };
}

/** True where background work waits for nothing but interactive prompts that are read. */
export function isHeldBack(slots: readonly Slot[]): boolean {
  return (
    slots.some((slot) => runs(slot, 'interactive') && isReading(slot)) &&
    slots.some((slot) => runs(slot, 'background') && slot.active?.task.isPaused() === false)
  );
}

function longestWaiting(slots: readonly Slot[]): Slot | null {
  let chosen: Slot | null = null;
  for (const slot of slots)
    if (isReading(slot) && (chosen === null || slot.lastUse < chosen.lastUse)) chosen = slot;
  return chosen;
}

/**
 * Pieces end at multiples of the slot's piece, so that an undisturbed prompt is always evaluated in the same shapes;
 * background ones that need not be repeatable take what the processor does in passing.
 */
function pieceOf(slot: Slot, budget: PrefillBudget, decoding: number): number {
  const { active, exactPiece } = slot;
  const whole = exactPiece - (slot.length % exactPiece);
  if (active?.task.priority === 'background')
    return active.exact && decoding === 0 ? whole : budget.tokensInPassing(decoding);
  return decoding > 0 ? Math.min(whole, budget.tokensBeside(decoding)) : whole;
}

function decodeEntry(slot: Slot): PlannedStep['entries'][number] {
  const last = slot.active === null ? 0 : slot.active.answerTokens - 1;
  const tokens = slot.active?.answer.slice(last, last + 1) ?? new Uint32Array(0);
  return { of: slot, slot: slot.index, firstPosition: slot.length, tokens, logitsAt: [0] };
}

function prefillEntry(slot: Slot, most: number): PlannedStep['entries'][number] {
  const { active, length: from } = slot;
  const wanted = active === null ? from : wantedLength(active);
  const to = Math.min(wanted, from + most);
  const tokens = active === null ? new Uint32Array(0) : wantedTokens(active, from, to);
  const lookFrom = active?.walk?.lookFrom ?? wanted - 1;
  const logitsAt: number[] = [];
  for (let place = Math.max(from, lookFrom); place < to; place += 1) logitsAt.push(place - from);
  return { of: slot, slot: slot.index, firstPosition: from, tokens, logitsAt };
}
