import type { WorkerAdapter, WorkerStart } from '@samovar/contract/worker-protocol';
import type { Log } from '../../kernel/ports/log.ts';
import { findMisfit } from './find-misfit.ts';
import { type OpenedServer, openServer, ServerEnded } from './open-server.ts';

export interface ServerWithAdapters extends OpenedServer {
  /** Those that it was started with. */
  readonly adapters: readonly WorkerAdapter[];
  /** Why it was started without the others, by their versions. */
  readonly failedAdapters: ReadonlyMap<string, string>;
}

/**
 * Starts llama-server with its adapters. One that does not fit ends it at its start: it is started again without that
 * one, or without any where it does not say which one it was.
 */
export async function openWithAdapters(
  start: WorkerStart,
  options: {
    readonly modelPath: string;
    readonly chunkTokens: number;
    readonly log: Log;
    readonly signal: AbortSignal;
  },
): Promise<ServerWithAdapters> {
  const failedAdapters = new Map<string, string>();
  let adapters = start.adapters ?? [];
  for (;;) {
    try {
      return { ...(await openServer(start, { ...options, adapters })), adapters, failedAdapters };
    } catch (error) {
      if (adapters.length === 0 || options.signal.aborted) throw error;
      const misfit = error instanceof ServerEnded ? findMisfit(error.lastLines, adapters) : null;
      const reason = misfit?.reason ?? (error instanceof Error ? error.message : String(error));
      const left = misfit === null ? adapters : [misfit.adapter];
      for (const { versionId, name } of left) {
        options.log.error({ adapter: name, reason }, 'llama-server is started without an adapter');
        failedAdapters.set(versionId, reason);
      }
      adapters = adapters.filter((adapter) => !left.includes(adapter));
    }
  }
}
