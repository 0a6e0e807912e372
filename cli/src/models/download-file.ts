import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, ApiError } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { createProgressBar } from '../output/progress-bar.ts';

const tries = 8;

export interface WantedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Puts a file of the server at `target`: with progress, gone on with where it broke, verified. One that is there already stays. */
export async function downloadFile(
  client: ApiClient,
  path: string,
  file: WantedFile,
  target: string,
): Promise<void> {
  if ((await sizeOf(target)) === file.sizeBytes && (await digestOf(target)) === file.sha256) return;
  const partial = `${target}.part`;
  const bar = createProgressBar();
  for (let attempt = 1; (await sizeOf(partial)) !== file.sizeBytes; attempt += 1) {
    try {
      await fetchRest(client, path, file, partial, (done, rate) =>
        bar.show(file.name, done, file.sizeBytes, rate),
      );
    } catch (error) {
      if (attempt >= tries || error instanceof ApiError) throw error;
      await sleep(Math.min(10_000, 250 * 2 ** attempt));
    }
  }
  bar.clear();
  const found = await digestOf(partial);
  if (found !== file.sha256) {
    await rm(partial, { force: true });
    throw new CommandError(
      `${file.name} arrived with the SHA-256 ${found}, not ${file.sha256}.`,
      'Try again.',
    );
  }
  await rename(partial, target);
}

async function fetchRest(
  client: ApiClient,
  path: string,
  file: WantedFile,
  partial: string,
  onProgress: (doneBytes: number, bytesPerSecond: number) => void,
): Promise<void> {
  const here = (await sizeOf(partial)) ?? 0;
  // Longer than the whole: something else.
  const offset = here > file.sizeBytes ? 0 : here;
  const handle = await open(partial, offset === 0 ? 'w' : 'r+');
  const startedAt = performance.now();
  let at = offset;
  try {
    for await (const chunk of await client.download(path, offset)) {
      await handle.write(chunk, 0, chunk.length, at);
      at += chunk.length;
      onProgress(at, ((at - offset) * 1000) / (performance.now() - startedAt));
    }
  } finally {
    await handle.close();
  }
}

async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.size ?? null;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
