import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { DownloadedPackage, DownloadOptions } from '../../kernel/ports/package-source.ts';
import { HttpStatusError, type PackageHttp } from './package-http.ts';
import type { RemoteFile } from './remote-file.ts';

/** Tries of one download before the job as a whole is retried. */
const tries = 5;

/** What is remembered beside a download, so that it goes on only with the same content. */
interface DownloadNote {
  readonly url: string;
  readonly fileName: string;
  readonly etag: string | null;
  readonly totalBytes: number | null;
}

/** Where a source's download lies: a whole one, an unfinished one, and the note beside both. */
export function downloadPaths(
  folder: string,
  source: string,
): { whole: string; partial: string; note: string } {
  const whole = join(folder, createHash('sha256').update(source).digest('hex'));
  return { whole, partial: `${whole}.part`, note: `${whole}.json` };
}

/** A download that an earlier call finished; `null` when there is none. */
export async function findFinishedDownload(
  folder: string,
  source: string,
): Promise<DownloadedPackage | null> {
  const paths = downloadPaths(folder, source);
  const sizeBytes = await sizeOf(paths.whole);
  const note = await readNote(paths.note);
  return sizeBytes === null || note === null
    ? null
    : { path: paths.whole, fileName: note.fileName, sizeBytes };
}

/**
 * Downloads a file, going on where it was cut off, within this call and from earlier ones. Parts are joined only
 * when the server says by `ETag` and `Content-Range` that they belong together; otherwise it starts over.
 */
export async function downloadRemoteFile(
  http: PackageHttp,
  file: RemoteFile,
  place: { readonly folder: string; readonly source: string },
  options: DownloadOptions,
): Promise<DownloadedPackage> {
  await mkdir(place.folder, { recursive: true });
  const paths = downloadPaths(place.folder, place.source);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await continueDownload(http, file, paths, options);
      break;
    } catch (error) {
      if (options.signal.aborted || attempt === tries || !isWorthRetrying(error)) throw error;
      await sleep(250 * 2 ** attempt, undefined, { signal: options.signal });
    }
  }
  await verifyDigest(file, paths.partial);
  await rename(paths.partial, paths.whole);
  return { path: paths.whole, fileName: file.fileName, sizeBytes: (await sizeOf(paths.whole)) ?? 0 };
}

async function continueDownload(
  http: PackageHttp,
  file: RemoteFile,
  paths: { readonly partial: string; readonly note: string },
  options: DownloadOptions,
): Promise<void> {
  const note = await readNote(paths.note);
  const kept = note?.url === file.url && note.etag !== null ? ((await sizeOf(paths.partial)) ?? 0) : 0;
  if (kept > 0 && kept === note?.totalBytes) return;
  const range: Record<string, string> =
    kept > 0 && note?.etag ? { range: `bytes=${kept}-`, 'if-range': note.etag } : {};
  const headers = { ...file.headers, 'accept-encoding': 'identity', ...range };
  const answer = await http.get(file.url, headers, options.signal);
  const plan = planOf(answer, kept);
  if (plan === null) {
    await answer.body.dump();
    if (answer.statusCode === 206 || answer.statusCode === 416) await rm(paths.partial, { force: true });
    throw new HttpStatusError(file.url, answer.statusCode);
  }
  const etag = headerOf(answer, 'etag');
  const next: DownloadNote = {
    url: file.url,
    fileName: file.fileName,
    // A weak tag does not promise the same bytes.
    etag: etag?.startsWith('W/') ? null : etag,
    totalBytes: plan.totalBytes,
  };
  await writeFile(paths.note, JSON.stringify(next));
  await append(answer.body, paths.partial, plan, options);
}

interface WritePlan {
  readonly offset: number;
  readonly totalBytes: number | null;
}

/** Where the body belongs; `null` when the answer is no file. */
function planOf(answer: Dispatcher.ResponseData, kept: number): WritePlan | null {
  if (answer.statusCode === 200) {
    const length = headerOf(answer, 'content-length');
    return { offset: 0, totalBytes: length === null ? null : Number(length) };
  }
  if (answer.statusCode !== 206) return null;
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headerOf(answer, 'content-range') ?? '') ?? [];
  if (start === undefined || Number(start) !== kept) return null;
  return { offset: kept, totalBytes: Number(total) };
}

async function append(
  body: Readable,
  path: string,
  plan: WritePlan,
  options: DownloadOptions,
): Promise<void> {
  const handle = await open(path, plan.offset === 0 ? 'w' : 'r+');
  let position = plan.offset;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (plan.totalBytes !== null && position + chunk.length > plan.totalBytes)
        throw new TransferError(`the server sent more than the ${plan.totalBytes} bytes it announced`);
      await handle.write(chunk, 0, chunk.length, position);
      position += chunk.length;
      options.onProgress(position, plan.totalBytes);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (plan.totalBytes !== null && position !== plan.totalBytes)
    throw new TransferError(`the server sent ${position} of the ${plan.totalBytes} bytes it announced`);
}

class TransferError extends Error {}

function isWorthRetrying(error: unknown): boolean {
  if (error instanceof HttpStatusError)
    return error.status >= 500 || [206, 408, 416, 429].includes(error.status);
  if (error instanceof TransferError) return true;
  // Connections that could not be made, broke or timed out; not a full disk or a folder that cannot be written.
  return (
    error instanceof Error &&
    'code' in error &&
    /^(UND_ERR_|ECONN|EPIPE|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|EAI_AGAIN|HPE_)/.test(String(error.code))
  );
}

async function verifyDigest(file: RemoteFile, path: string): Promise<void> {
  if (file.digest === null) return;
  const hash = createHash(file.digest.algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  const found = hash.digest('hex');
  if (found === file.digest.hex) return;
  await rm(path, { force: true });
  throw new Error(`its ${file.digest.algorithm} is ${found}, and the index says ${file.digest.hex}`);
}

function headerOf(answer: Dispatcher.ResponseData, name: string): string | null {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : null;
}

async function readNote(path: string): Promise<DownloadNote | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as DownloadNote;
  } catch {
    // None, or cut off while being written: the download starts over.
    return null;
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
