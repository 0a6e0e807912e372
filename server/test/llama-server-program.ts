import { join } from 'node:path';
import { buildLlamaServer } from '../src/engines/llama-server/build-llama-server.ts';
import { findLlamaServer } from '../src/engines/llama-server/llama-server-binary.ts';
import { testCacheFolder } from './cache-folder.ts';

/** A llama-server: the one that SAMOVAR_LLAMA_SERVER names, else one built into the cache of tests when it is missing. */
export async function llamaServerProgram(): Promise<string> {
  const named = process.env.SAMOVAR_LLAMA_SERVER;
  if (named) return named;
  const enginesFolder = join(testCacheFolder(), 'engines');
  return (
    (await findLlamaServer(enginesFolder)) ??
    (await buildLlamaServer({ enginesFolder, onProgress: () => undefined }))
  );
}
