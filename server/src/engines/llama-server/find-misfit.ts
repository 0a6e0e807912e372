import type { WorkerAdapter } from '@samovar/contract/worker-protocol';

/** The adapter that llama-server ended at, and what it says of it. */
export interface Misfit {
  readonly adapter: WorkerAdapter;
  readonly reason: string;
}

/**
 * The adapter that the last lines of llama-server name as the one that it could not load (`common_init_from_params`
 * ends at the first such one; `llama_adapter_lora_init` says why before); `null` when they name none.
 */
export function findMisfit(lines: readonly string[], adapters: readonly WorkerAdapter[]): Misfit | null {
  for (const [at, line] of lines.entries()) {
    const adapter = adapters.find(({ path }) => line.includes(`failed to load lora adapter '${path}'`));
    if (adapter === undefined) continue;
    const why = lines.slice(0, at).findLast((before) => before.includes('failed to apply lora adapter: '));
    const reason = why?.split('failed to apply lora adapter: ')[1] ?? 'it cannot be loaded on this model';
    return { adapter, reason };
  }
  return null;
}
