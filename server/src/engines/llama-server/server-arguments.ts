import type { WorkerAdapter, WorkerStart } from '@samovar/contract/worker-protocol';

export interface ServerArguments
  extends Pick<WorkerStart, 'threads' | 'parallelSequences' | 'contextTokens'> {
  readonly modelPath: string;
  /** Must end in `.sock`. */
  readonly socketPath: string;
  readonly chunkTokens: number;
  /** Applied by request alone; each has sequences of its own behind those of the model. */
  readonly adapters: readonly Pick<WorkerAdapter, 'path' | 'parallelSequences'>[];
  readonly kvCache: 'f16' | 'q8_0';
}

/** llama-server ends an answer one token before a slot is full; ours may fill the context. */
const spareTokens = 8;

/**
 * The command line of llama-server: slots of equal size that keep their own cache and nothing else, no shifting, no
 * page and no answer to anybody but us.
 */
export function serverArguments(given: ServerArguments): string[] {
  const { threads, adapters } = given;
  const slots = adapters.reduce((sum, adapter) => sum + adapter.parallelSequences, given.parallelSequences);
  const batch = String(Math.max(given.chunkTokens, slots));
  const context = (given.contextTokens + spareTokens) * slots;
  return [
    ...['--model', given.modelPath, '--host', given.socketPath, '--offline'],
    ...['--ctx-size', String(context), '--parallel', String(slots), '--no-kv-unified'],
    ...['--batch-size', batch, '--ubatch-size', batch],
    ...['--threads', String(threads), '--threads-batch', String(threads)],
    // Two more than run: health, and a request that closes while the next one comes.
    ...['--threads-http', String(slots + 2)],
    ...['--flash-attn', 'on', '--fit', 'off', '--no-context-shift', '--cache-ram', '0'],
    ...(given.kvCache === 'f16' ? [] : ['--cache-type-k', given.kvCache, '--cache-type-v', given.kvCache]),
    ...(adapters.length === 0 ? [] : ['--lora-init-without-apply']),
    ...adapters.flatMap(({ path }) => ['--lora', csvField(path)]),
    ...['--special', '--no-webui', '--no-slots', '--sse-ping-interval', '-1', '--log-colors', 'off'],
  ];
}

/** The option takes a row of values between commas; a path may hold one. */
function csvField(path: string): string {
  return /[",]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path;
}
