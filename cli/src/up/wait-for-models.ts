import { setTimeout as pause } from 'node:timers/promises';
import type { ApiClient } from '../api-client.ts';
import { formatBytes } from '../output/format-quantity.ts';
import { type ModelProgress, readModelProgress } from './model-progress.ts';

const lookEveryMs = 500;
const tellEveryMs = 2_000;
/** Loading goes on by itself; the block need not wait for it longer than this. */
const loadPatienceMs = 60_000;

/**
 * Waits until every model that this installation fetches is there (or has failed) and loaded, telling the progress
 * of each download with size and rate.
 */
export async function waitForModels(
  client: ApiClient,
  tell: (line: string) => void,
): Promise<readonly ModelProgress[]> {
  const lastLines = new Map<string, string>();
  const lastTold = new Map<string, number>();
  let allThereAt: number | null = null;
  for (;;) {
    const models = readModelProgress(await client.get('/api/models')).filter(
      (model) => model.phase !== 'not-fetched',
    );
    for (const model of models) {
      const line = progressLine(model);
      if (line === null || lastLines.get(model.name) === line) continue;
      const isDownload = model.phase === 'downloading';
      if (isDownload && Date.now() - (lastTold.get(model.name) ?? 0) < tellEveryMs) continue;
      lastLines.set(model.name, line);
      lastTold.set(model.name, Date.now());
      tell(line);
    }
    const open = models.filter((model) => !['ready', 'unloaded', 'failed'].includes(model.phase));
    if (open.length === 0) return models;
    if (open.every((model) => model.phase === 'loading')) {
      allThereAt ??= Date.now();
      if (Date.now() - allThereAt > loadPatienceMs) return models;
    } else allThereAt = null;
    await pause(lookEveryMs);
  }
}

function progressLine(model: ModelProgress): string | null {
  const { name } = model;
  switch (model.phase) {
    case 'downloading': {
      if (model.totalBytes === 0) return `Fetching ${name}.`;
      const percent = Math.floor((100 * model.downloadedBytes) / model.totalBytes);
      const amount = `${formatBytes(model.downloadedBytes)} of ${formatBytes(model.totalBytes)}`;
      return `Fetching ${name}: ${amount} (${percent} %), ${formatBytes(model.bytesPerSecond)}/s.`;
    }
    case 'storing':
      return `Checking and storing ${name}.`;
    case 'loading':
      return `Loading ${name}.`;
    case 'failed':
      return `${name} could not be fetched: ${model.error ?? 'no reason was given'}`;
    case 'waiting':
    case 'not-fetched':
    case 'unloaded':
    case 'ready':
      return null;
  }
}
