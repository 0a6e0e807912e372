import { resolve } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import type { ProcessMessage } from '@samovar/contract/process-messages';
import { buildLlamaServer } from '../../engines/llama-server/build-llama-server.ts';

/**
 * Builds llama-server into the data folder, tells how far it is, and ends. A signal, or the end of who started it,
 * ends it too; nothing half-made stays behind then.
 * @param jobs how many compilations may run at a time, as text; as many as there are processors when absent.
 */
export async function buildEngine(
  data: string,
  jobs: string | undefined,
  tell: (message: ProcessMessage) => void,
): Promise<null> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, stop);
  process.once('disconnect', stop);
  try {
    const path = await buildLlamaServer({
      enginesFolder: dataFolder(resolve(data)).engines,
      onProgress: (progress) => tell({ kind: 'building', ...progress }),
      signal: stopping.signal,
      ...(jobs === undefined ? {} : { jobs: Number(jobs) }),
    });
    tell({ kind: 'built', path });
    return null;
  } catch (error) {
    if (stopping.signal.aborted) process.exit(130);
    throw error;
  }
}
