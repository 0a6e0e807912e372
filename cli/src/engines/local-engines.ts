import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import { ownCheckout } from './accelerator-place.ts';

/** An engine of this machine, as `samovar engines list` shows it. */
export interface LocalEngine {
  readonly engine: 'llama-cpp' | 'llama-server' | 'onnx';
  readonly runs: string;
  readonly ready: boolean;
  /** The program, where the engine is one. */
  readonly program: string | null;
}

/** The engines that models can run on here. `named` is the setting that names a llama-server. */
export function localEngines(data: string, named: string | null): readonly LocalEngine[] {
  const program = named ?? builtLlamaServer(data);
  return [
    { engine: 'llama-cpp', runs: 'language models and embeddings (GGUF)', ready: true, program: null },
    { engine: 'llama-server', runs: 'language models (GGUF)', ready: program !== null, program },
    { engine: 'onnx', runs: 'embeddings (ONNX)', ready: true, program: null },
  ];
}

/** The llama-server of this release in the data folder; `null` when it is not built. */
function builtLlamaServer(data: string): string | null {
  const path = join(dataFolder(data).engines, 'llama-server', bundledRelease(), 'llama-server');
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return null; // not built on this machine
  }
}

/** The release of llama.cpp whose source is in the engine's package. */
function bundledRelease(): string {
  const path = join(ownCheckout, 'node_modules', 'node-llama-cpp', 'llama', 'llama.cpp.info.json');
  const { tag }: { tag: string } = JSON.parse(readFileSync(path, 'utf8'));
  return tag;
}
