import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SamovarError } from '../../kernel/errors.ts';
import type { ConversionOptions, WeightType } from '../../kernel/ports/model-converter.ts';

export interface Quantisation {
  readonly source: string;
  readonly target: string;
  readonly type: WeightType;
  readonly threads: number;
}

const keptLines = 5;

/** Runs llama-quantize; an abort ends it. Throws `model.conversion_failed` with the end of what it said. */
export async function quantise(
  program: string,
  { source, target, type, threads }: Quantisation,
  { signal, onProgress }: ConversionOptions,
): Promise<void> {
  signal.throwIfAborted();
  const child = spawn(program, ['--allow-requantize', source, target, type, String(threads)], {
    // A group of its own: Ctrl-C in the terminal reaches who asked, and it decides.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {},
  });
  const end = () => child.kill('SIGKILL');
  signal.addEventListener('abort', end, { once: true });
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      last.push(line);
      if (last.length > keptLines) last.shift();
      const fraction = doneShare(line);
      if (fraction !== null) onProgress(fraction);
    });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal.throwIfAborted();
    if (code === 0) return onProgress(1);
    throw new SamovarError('model.conversion_failed', { params: { reason: last.join(' ').trim() } });
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** The share of tensors that a line reports (`[  12/ 272] blk.0…`), or `null`. */
export function doneShare(line: string): number | null {
  const [, done, of] = /^\[\s*(\d+)\/\s*(\d+)\]/.exec(line) ?? [];
  return done === undefined || of === undefined ? null : Number(done) / Number(of);
}
