import { type FileHandle, open } from 'node:fs/promises';
import type { FetchOptions } from '../../../kernel/ports/model-source.ts';
import { createPatience } from '../patience.ts';
import type { ByteSource, OpenedBytes } from './byte-source.ts';
import { ChangedFault } from './changed-fault.ts';
import { refuseFullDisk } from './disk-space.ts';
import { bootedAt, keepDownloadState, removeDownloadState } from './download-state.ts';
import { fetchParts, type OpenedPart } from './fetch-parts.ts';
import { flushAlong } from './flush-along.ts';
import { createFollowingHash, type FollowingHash } from './following-hash.ts';
import { findKeptState, identityOf } from './kept-state.ts';
import { createPartPlan, type PartPlan } from './part-plan.ts';
import type { Downloader, WantedFile } from './wanted-file.ts';
import { createWriteBuffers, writeRange } from './write-range.ts';

/** The first part is small: it finds out what the server can do, by a client that is not made for large bodies. */
const mostFirstBytes = 4 * 1024 * 1024;

export interface PartialJob extends Downloader {
  readonly source: ByteSource;
  readonly wanted: WantedFile;
  /** Where the unfinished file lies. */
  readonly partial: string;
  /** Where its state lies. */
  readonly state: string;
}

export interface PartialFile {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * Makes the unfinished file whole, going on with what is there, and brings it onto the disk. Throws `ChangedFault`
 * where the bytes are not (any longer) those that are wanted; then nothing of them is of use.
 */
export async function fillPartial(job: PartialJob, options: FetchOptions): Promise<PartialFile> {
  const kept = await findKeptState(job.wanted, job);
  const sizeBytes = kept?.totalBytes ?? job.wanted.sizeBytes;
  const plan = sizeBytes === null ? null : planOf(job, sizeBytes, kept?.done ?? []);
  if (plan !== null) await refuseFullDisk(job.partial, plan.totalBytes - plan.doneBytes());
  const handle = await open(job.partial, kept === null ? 'w' : 'r+');
  try {
    if (plan !== null && plan.doneBytes() === plan.totalBytes)
      return await digestOf(job, handle, plan.totalBytes);
    const tag = job.wanted.sha256 === null ? (kept?.tag ?? job.wanted.tag) : null;
    const begun = await begin(job, handle, plan, tag, options);
    return 'whole' in begun ? begun.whole : await fillByParts(job, handle, begun, options);
  } finally {
    await handle.close();
  }
}

function planOf(job: PartialJob, totalBytes: number, kept: Parameters<typeof createPartPlan>[2]): PartPlan {
  return createPartPlan(totalBytes, job.limits.partBytes(totalBytes), kept);
}

interface BegunParts {
  readonly plan: PartPlan;
  readonly first: OpenedPart;
}

/** Opens the first part; a server that knows no parts sends all at once, which is taken then. */
async function begin(
  job: PartialJob,
  handle: FileHandle,
  planned: PartPlan | null,
  tag: string | null,
  options: FetchOptions,
): Promise<BegunParts | { readonly whole: PartialFile }> {
  const patience = createPatience(job.limits.patience);
  const firstBytes = Math.min(mostFirstBytes, job.limits.partBytes(planned?.totalBytes ?? 0));
  const asked = planned?.take(firstBytes) ?? { start: 0, end: firstBytes };
  for (;;) {
    let opened: OpenedBytes | null = null;
    try {
      opened = await job.source.open(asked, options.signal);
      refuseChanged(opened, planned?.totalBytes ?? null, tag);
      if (!opened.ranged) return { whole: await takeWhole(job, handle, opened, options) };
      if (planned !== null) return { plan: planned, first: { range: asked, opened } };
      if (opened.totalBytes === null) throw new Error('the server does not tell how long the file is');
      await refuseFullDisk(job.partial, opened.totalBytes);
      const plan = planOf(job, opened.totalBytes, []);
      const range = plan.take(asked.end);
      if (range === null) throw new ChangedFault('it is empty');
      return { plan, first: { range, opened } };
    } catch (error) {
      opened?.body.destroy();
      await patience.after(error, options.signal);
    }
  }
}

function refuseChanged(opened: OpenedBytes, totalBytes: number | null, tag: string | null): void {
  if (totalBytes !== null && opened.totalBytes !== null && opened.totalBytes !== totalBytes)
    throw new ChangedFault(`it has ${opened.totalBytes} bytes instead of ${totalBytes}`);
  if (tag !== null && opened.tag !== tag) throw new ChangedFault('it has changed since it was looked at');
}

async function fillByParts(
  job: PartialJob,
  handle: FileHandle,
  { plan, first }: BegunParts,
  options: FetchOptions,
): Promise<PartialFile> {
  const state = {
    identity: identityOf(job.wanted),
    totalBytes: plan.totalBytes,
    tag: first.opened.tag,
    bootedAt: bootedAt(),
  };
  const keeper = keepDownloadState(
    job.state,
    () => ({ ...state, done: plan.done() }),
    job.limits.noteEveryMs,
  );
  const hash = createFollowingHash(job.partial, plan.totalBytes);
  const flusher = flushAlong(handle, plan.doneBytes());
  try {
    hash.follow(plan.prefixBytes());
    const parts = {
      ...job,
      plan,
      handle,
      tag: job.wanted.sha256 === null ? first.opened.tag : null,
      onWritten() {
        hash.follow(plan.prefixBytes());
        flusher.wrote(plan.doneBytes());
        keeper.changed();
        options.onProgress(plan.doneBytes());
      },
    };
    await fetchParts(parts, first, options.signal).finally(() => keeper.flush());
    await flusher.end();
    await handle.truncate(plan.totalBytes);
    return await finish(handle, hash, plan.totalBytes);
  } finally {
    await flusher.end().catch(() => {
      // Whoever waited for it has heard of it.
    });
    await hash.stop();
  }
}

/** Takes a whole file in one go; what a broken connection left of it cannot be gone on with. */
async function takeWhole(
  job: PartialJob,
  handle: FileHandle,
  opened: OpenedBytes,
  options: FetchOptions,
): Promise<PartialFile> {
  if (opened.totalBytes !== null) await refuseFullDisk(job.partial, opened.totalBytes);
  await removeDownloadState(job.state);
  await handle.truncate(0);
  const hash = createFollowingHash(job.partial, opened.totalBytes);
  let sizeBytes = 0;
  try {
    await writeRange(
      opened.body,
      handle,
      { start: 0, end: opened.totalBytes ?? Number.POSITIVE_INFINITY },
      {
        buffers: createWriteBuffers(),
        silenceMs: job.limits.silenceMs,
        write: job.write,
        onWritten({ end }) {
          sizeBytes = end;
          hash.follow(end);
          options.onProgress(end);
        },
      },
    );
    return await finish(handle, hash, sizeBytes);
  } finally {
    await hash.stop();
  }
}

/** Every byte is there already: an earlier attempt was ended before it could say so. */
async function digestOf(job: PartialJob, handle: FileHandle, totalBytes: number): Promise<PartialFile> {
  const hash = createFollowingHash(job.partial, totalBytes);
  try {
    await handle.truncate(totalBytes);
    return await finish(handle, hash, totalBytes);
  } finally {
    await hash.stop();
  }
}

async function finish(handle: FileHandle, hash: FollowingHash, sizeBytes: number): Promise<PartialFile> {
  const [sha256] = await Promise.all([hash.finish(sizeBytes), handle.sync()]);
  return { sizeBytes, sha256 };
}
