import { fileURLToPath } from 'node:url';
import { workerEnvironment } from '../config/worker-environment.ts';
import { findLlamaQuantize } from '../engines/llama-server/llama-server-binary.ts';
import type { ModelConverter } from '../kernel/ports/model-converter.ts';
import { createModelConverter } from '../platform/model-converter/create-model-converter.ts';
import { readMachineLimits } from '../platform/worker-runner/machine-limits.ts';
import { ownCodeFolders } from './own-code-folders.ts';

/**
 * The converter of model files. `enginesFolder`: where this machine's built engines lie; `llamaServer`: the program that
 * the settings name.
 */
export function createConverter(enginesFolder: string, llamaServer: string | null): ModelConverter {
  const { cores, memoryBytes } = readMachineLimits();
  return createModelConverter({
    entry: fileURLToPath(new URL('./convert-models.ts', import.meta.url)),
    codeFolders: ownCodeFolders(),
    environment: workerEnvironment(),
    threads: Math.max(1, cores - 1),
    quantizeMemoryBytes: Math.floor(memoryBytes * 0.75),
    findQuantizeProgram: () => findLlamaQuantize(enginesFolder, llamaServer),
  });
}
