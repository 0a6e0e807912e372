import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { SamovarError } from '../../kernel/errors.ts';
import type { ConversionOptions, WeightType } from '../../kernel/ports/model-converter.ts';
import { watchChild } from '../confined-process/watch-child.ts';

export interface Quantisation {
  readonly source: string;
  readonly target: string;
  readonly type: WeightType;
  readonly threads: number;
  /** Memory that it may take at most, beside the pages of its file. */
  readonly memoryBytes: number;
  readonly limitMs: number;
  /** What it may see of the environment: the mark of the run, by which one that a kill has left behind is found. */
  readonly environment: Readonly<Record<string, string>>;
}

const keptLines = 5;
const baseBytes = 1024 ** 3;

/**
 * Runs llama-quantize behind everything else on the machine; one that takes too long or grows too large is ended, and an
 * abort ends it. Throws `model.conversion_failed` with the end of what it said. What it has written of `target` by then
 * is the caller's to remove.
 */
export async function quantise(
  program: string,
  { source, target, type, threads, memoryBytes, limitMs, environment }: Quantisation,
  { signal, onProgress }: ConversionOptions,
): Promise<void> {
  const plausible = await plausibleBytes(source);
  signal.throwIfAborted();
  const child = spawn(program, ['--allow-requantize', source, target, type, String(threads)], {
    // A group of its own: Ctrl-C in the terminal reaches who asked, and it decides.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment },
  });
  const last: string[] = [];
  const { exitCode, fault } = await watchChild(child, {
    memory: 'own',
    memoryBytes: Math.min(memoryBytes, plausible),
    limitMs,
    signal,
    isBackground: true,
    onLine(line) {
      last.push(line);
      if (last.length > keptLines) last.shift();
      const fraction = doneShare(line);
      if (fraction !== null) onProgress(fraction);
    },
  });
  if (exitCode === 0 && fault === null) return onProgress(1);
  const said = fault === null ? last.join(' ').trim() || 'it was ended from outside' : `it ${fault}`;
  throw new SamovarError('model.conversion_failed', { params: { reason: `llama-quantize: ${said}` } });
}

/**
 * One tensor at a time is read, made 32-bit floats, and written anew: the largest is no larger than the file, and its
 * floats are at most twice as large where the file has 16 bits, eight times where it has four.
 */
async function plausibleBytes(source: string): Promise<number> {
  try {
    return baseBytes + 10 * (await stat(source)).size;
  } catch (error) {
    // The tool says it in its own words.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return baseBytes;
    throw error;
  }
}

/** The share of tensors that a line reports (`[  12/ 272] blk.0…`), or `null`. */
export function doneShare(line: string): number | null {
  const [, done, of] = /^\[\s*(\d+)\/\s*(\d+)\]/.exec(line) ?? [];
  return done === undefined || of === undefined ? null : Number(done) / Number(of);
}
