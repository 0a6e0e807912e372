import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

export interface Accelerator {
  readonly name: string;
}

/** The GPUs of this machine as their driver names them; empty when there are none, or no driver. */
export async function findAccelerators(): Promise<Accelerator[]> {
  if (process.platform === 'darwin') return process.arch === 'arm64' ? [{ name: 'Apple GPU (Metal)' }] : [];
  if (!existsSync('/proc/driver/nvidia/version') && !existsSync('/dev/nvidiactl')) return [];
  try {
    const { stdout } = await promisify(execFile)(
      'nvidia-smi',
      ['--query-gpu=name,memory.total', '--format=csv,noheader'],
      { timeout: 5_000 },
    );
    const names = stdout.split('\n').filter((line) => line.trim() !== '');
    return names.map((name) => ({ name: name.trim() }));
  } catch {
    // The driver is there, its tool is not: one nameless device is still worth a hint.
    return [{ name: 'NVIDIA GPU' }];
  }
}
