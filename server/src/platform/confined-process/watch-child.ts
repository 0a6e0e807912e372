import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { setInterval as every } from 'node:timers/promises';

export interface ChildLimits {
  readonly memoryBytes: number;
  /** Which memory counts: `resident`: all; `own`: without the pages of files, which the system takes back as it needs. */
  readonly memory: 'resident' | 'own';
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Lets everything else on the machine go first. */
  readonly isBackground: boolean;
  /** Each line that it writes, the last one included. */
  onLine(line: string): void;
}

export interface ChildEnd {
  /** `null`: a signal ended it. */
  readonly exitCode: number | null;
  /** Why it was ended, as the end of a sentence; `null` when it ended by itself. */
  readonly fault: string | null;
}

const mostLineBytes = 16 * 1024 * 1024;
const memoryCheckMs = 100;

/**
 * Waits for a process; one that takes too long, grows too large or says too much is ended. An abort ends it too, and
 * throws the signal's reason. However this ends, the process has ended or is being ended.
 */
export async function watchChild(child: ChildProcess, limits: ChildLimits): Promise<ChildEnd> {
  let fault: string | null = null;
  const stop = (why: string | null) => {
    fault ??= why;
    child.kill('SIGKILL');
  };
  const abort = () => stop(null);
  limits.signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => stop(`takes longer than ${limits.limitMs / 1000} seconds`), limits.limitMs);
  const watching = new AbortController();
  void watchMemory(child, limits, watching.signal, () =>
    stop(`takes more than ${Math.round(limits.memoryBytes / 2 ** 20)} MiB of memory`),
  );
  readLines(child, limits.onLine, () => stop('gives an answer that is longer than is plausible'));
  if (limits.isBackground) lowerPriority(child);
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    limits.signal.throwIfAborted();
    return { exitCode, fault };
  } finally {
    clearTimeout(timer);
    watching.abort();
    limits.signal.removeEventListener('abort', abort);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}

/** A line that never ends would be gathered for ever. */
function readLines(child: ChildProcess, onLine: (line: string) => void, onExcess: () => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    let unended = 0;
    stream.on('data', (part: Buffer) => {
      unended = part.includes(0x0a) ? part.length - part.lastIndexOf(0x0a) : unended + part.length;
      if (unended > mostLineBytes) onExcess();
    });
    createInterface({ input: stream }).on('line', onLine);
  }
}

/** Looks at the memory where the system tells it (`/proc`); elsewhere what the process limits itself holds alone. */
async function watchMemory(
  child: ChildProcess,
  { memoryBytes, memory }: ChildLimits,
  signal: AbortSignal,
  onExcess: () => void,
): Promise<void> {
  try {
    for await (const _ of every(memoryCheckMs, undefined, { signal, ref: false }))
      if (memoryOf(child.pid, memory) > memoryBytes) return onExcess();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function memoryOf(pid: number | undefined, which: ChildLimits['memory']): number {
  try {
    const [, resident = 0, shared = 0] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number);
    return (which === 'resident' ? resident : resident - shared) * 4096;
  } catch {
    // It has ended, or this system has no `/proc`.
    return 0;
  }
}

function lowerPriority(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  } catch (error) {
    // One that has ended already needs no priority.
    if (!(error instanceof Error && error.message.includes('ESRCH'))) throw error;
  }
  lowerSession(child);
}

const sessionRetryMs = 150;

/**
 * Where Linux shares its time among sessions first (`sched(7)`, autogroups), a priority counts within its session alone:
 * one of its own, as a detached process has, is lowered as a whole.
 */
function lowerSession(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const groupOf = (who: number | 'self') => readFileSync(`/proc/${who}/autogroup`, 'utf8').split(' ')[0];
  try {
    if (groupOf(child.pid) !== groupOf('self'))
      writeFileSync(`/proc/${child.pid}/autogroup`, String(constants.priority.PRIORITY_LOW));
  } catch (error) {
    // Users other than root may do so once in a tenth of a second.
    const isTooSoon = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
    if (isTooSoon) setTimeout(lowerSession, sessionRetryMs, child).unref();
    // Otherwise there are no such groups here, or it has ended.
  }
}
