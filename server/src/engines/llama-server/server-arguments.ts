import type { WorkerStart } from '@samovar/contract/worker-protocol';

export interface ServerArguments
  extends Pick<WorkerStart, 'threads' | 'parallelSequences' | 'contextTokens'> {
  readonly modelPath: string;
  /** Must end in `.sock`. */
  readonly socketPath: string;
  readonly chunkTokens: number;
}

/** llama-server ends an answer one token before a slot is full; ours may fill the context. */
const spareTokens = 8;

/**
 * The command line of llama-server: slots of equal size that keep their own cache and nothing else, no shifting, no
 * page and no answer to anybody but us.
 */
export function serverArguments(given: ServerArguments): string[] {
  const { parallelSequences, threads } = given;
  const batch = String(Math.max(given.chunkTokens, parallelSequences));
  const context = (given.contextTokens + spareTokens) * parallelSequences;
  return [
    ...['--model', given.modelPath, '--host', given.socketPath, '--offline'],
    ...['--ctx-size', String(context), '--parallel', String(parallelSequences), '--no-kv-unified'],
    ...['--batch-size', batch, '--ubatch-size', batch],
    ...['--threads', String(threads), '--threads-batch', String(threads)],
    // Two more than run: health, and a request that closes while the next one comes.
    ...['--threads-http', String(parallelSequences + 2)],
    ...['--flash-attn', 'on', '--fit', 'off', '--no-context-shift', '--cache-ram', '0'],
    ...['--special', '--no-webui', '--no-slots', '--sse-ping-interval', '-1', '--log-colors', 'off'],
  ];
}
