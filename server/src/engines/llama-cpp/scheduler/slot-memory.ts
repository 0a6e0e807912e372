import type { LlamaEngine } from '../llama-native.ts';
import type { PlannedStep } from './plan-step.ts';
import { isReading, type Slot } from './slot.ts';

/** Keeps the first `keep` tokens of a slot's cache; returns how many are really kept. */
export function forgetAfter(engine: LlamaEngine, slot: Slot, keep: number): number {
  const kept = engine.truncate(slot.index, keep) ? keep : 0;
  if (kept !== keep) engine.truncate(slot.index, 0);
  slot.length = kept;
  slot.exactTokens = Math.min(slot.exactTokens, kept - (kept % slot.exactPiece));
  return kept;
}

/** Records what a finished decode put into a slot's cache. `alone`: nothing else was in the batch. */
export function remember(entry: PlannedStep['entries'][number], alone: boolean): void {
  const { of: slot, tokens } = entry;
  const exactly = alone && tokens.length === slot.exactPiece && isReading(slot);
  slot.tokens.set(tokens, slot.length);
  if (exactly && slot.exactTokens === slot.length) slot.exactTokens += tokens.length;
  slot.length += tokens.length;
}
