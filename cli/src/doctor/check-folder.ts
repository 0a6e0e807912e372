import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import { formatBytes } from '../output/format-quantity.ts';
import { type Finding, fine } from './finding.ts';

const firstRunBytes = 600e6;
const laterRunBytes = 150e6;

/** Whether the data folder, or the nearest folder above it that exists, can be written. */
export function checkDataFolder(data: string): Finding {
  const folder = nearestExisting(data);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return fine('Data folder', data);
  } catch {
    return {
      name: 'Data folder',
      state: 'fail',
      detail: `${folder} cannot be written by this user`,
      remedy: 'Give this user the right to write there, or choose another folder with SAMOVAR_DATA.',
    };
  }
}

/** Room on the disk of the data folder. */
export function checkDisk(data: string): Finding {
  const { bavail, bsize } = statfsSync(nearestExisting(data));
  const free = bavail * bsize;
  const needed = existsSync(dataFolder(data).release) ? laterRunBytes : firstRunBytes;
  if (free >= needed) return fine('Disk', `${formatBytes(free)} free`);
  return {
    name: 'Disk',
    state: 'fail',
    detail: `${formatBytes(free)} free, and ${formatBytes(needed)} are needed`,
    remedy: 'Free some space, or choose a folder on another disk with SAMOVAR_DATA.',
  };
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}
