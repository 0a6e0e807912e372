import type { FileHandle } from 'node:fs/promises';
import { PassingFault } from '../passing-fault.ts';
import { createPatience } from '../patience.ts';
import type { ByteRange, ByteSource, OpenedBytes } from './byte-source.ts';
import { ChangedFault } from './changed-fault.ts';
import type { DownloadLimits } from './download-limits.ts';
import type { Gate } from './gate.ts';
import type { PartPlan } from './part-plan.ts';
import { createWriteBuffers, writeRange } from './write-range.ts';

/** A part whose connection is open already. */
export interface OpenedPart {
  readonly range: ByteRange;
  readonly opened: OpenedBytes;
}

export interface PartsJob {
  readonly source: ByteSource;
  readonly plan: PartPlan;
  readonly handle: FileHandle;
  /** What every part must be of; `null` where a digest tells in the end. */
  readonly tag: string | null;
  readonly limits: DownloadLimits;
  readonly write: Gate;
  onWritten(): void;
}

/**
 * Fetches all that a plan lacks over several connections, each trying again by itself. Rejects with the first failure
 * that stays, once all connections have ended.
 */
export async function fetchParts(
  job: PartsJob,
  first: OpenedPart | null,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const missingBytes = job.plan.totalBytes - job.plan.doneBytes();
  const most = Math.ceil(missingBytes / job.limits.partBytes(job.plan.totalBytes));
  const connections = Array.from({ length: Math.min(job.limits.connections, most) }, (_, index) =>
    runConnection(job, index === 0 ? first : null, either).catch((error: unknown) => {
      // The others' failures after this one are its consequence.
      failed.abort(error);
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(connections);
  signal.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function runConnection(job: PartsJob, first: OpenedPart | null, signal: AbortSignal): Promise<void> {
  const patience = createPatience(job.limits.patience);
  const buffers = createWriteBuffers();
  let opened = first?.opened ?? null;
  let range = first?.range ?? job.plan.take();
  while (range !== null) {
    let position = range.start;
    const part: ByteRange = range;
    try {
      opened ??= await openPart(job, part, signal);
      await writeRange(opened.body, job.handle, part, {
        buffers,
        silenceMs: job.limits.silenceMs,
        write: job.write,
        onWritten(written) {
          position = written.end;
          job.plan.wrote(written);
          patience.restored();
          job.onWritten();
        },
      });
      range = job.plan.take();
    } catch (error) {
      await patience.after(error, signal);
      range = position < part.end ? { start: position, end: part.end } : job.plan.take();
    }
    opened = null;
  }
}

async function openPart(job: PartsJob, range: ByteRange, signal: AbortSignal): Promise<OpenedBytes> {
  const opened = await job.source.open(range, signal);
  const fault = faultOf(job, opened);
  if (fault === null) return opened;
  opened.body.destroy();
  throw fault;
}

function faultOf({ plan, tag }: PartsJob, opened: OpenedBytes): Error | null {
  if (opened.totalBytes !== null && opened.totalBytes !== plan.totalBytes)
    return new ChangedFault(`its size was ${plan.totalBytes} bytes and is ${opened.totalBytes} now`);
  if (tag !== null && opened.tag !== tag) return new ChangedFault('it has changed meanwhile');
  if (!opened.ranged) return new PassingFault('the server answered with the whole file instead of a part');
  return null;
}
