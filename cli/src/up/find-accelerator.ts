import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AcceleratorKind } from '../engines/accelerator-packages.ts';

export interface Accelerator {
  readonly name: string;
  /** The engine binaries that use it; `null`: those of every installation do. */
  readonly binaries: AcceleratorKind | null;
}

/** The GPUs of this machine that an engine could compute on; empty when there are none, or no driver. */
export async function findAccelerators(): Promise<Accelerator[]> {
  if (process.platform === 'darwin')
    return process.arch === 'arm64' ? [{ name: 'Apple GPU', binaries: null }] : [];
  return [...(await nvidiaGpus()), ...amdGpus()];
}

async function nvidiaGpus(): Promise<Accelerator[]> {
  if (!existsSync('/proc/driver/nvidia/version') && !existsSync('/dev/nvidiactl')) return [];
  try {
    const { stdout } = await promisify(execFile)(
      'nvidia-smi',
      ['--query-gpu=name,memory.total', '--format=csv,noheader'],
      { timeout: 5_000 },
    );
    const names = stdout.split('\n').filter((line) => line.trim() !== '');
    return names.map((name) => ({ name: name.trim(), binaries: 'cuda' }));
  } catch {
    // The driver is there, its tool is not: one nameless device is still worth a hint.
    return [{ name: 'NVIDIA GPU', binaries: 'cuda' }];
  }
}

/** Graphics devices of AMD, as the kernel lists them below `root`. */
export function amdGpus(root = '/sys/class/drm'): Accelerator[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => /^card\d+$/.test(name) && vendorOf(join(root, name, 'device', 'vendor')) === '0x1002')
    .map(() => ({ name: 'AMD GPU', binaries: 'vulkan' }));
}

/** `null` for a device without a vendor: a virtual one. */
function vendorOf(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}
