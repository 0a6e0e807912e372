import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { readSpooled, spooledText } from './spooled-text.ts';
import type { UsageRows } from './usage-rows.ts';

/** A file of this size is closed and the next one begun, so that a replay reads little at a time. */
const segmentBytes = 4 * 1024 * 1024;
/** A file that nobody has touched for this long has lost its owner. */
const leaseMs = 15_000;
const filePattern = /^usage-(\d+)-[0-9a-f-]{36}\.jsonl$/;

export interface UsageSpool {
  /** Appends and flushes to the disk. Returns false when the spool is full: the records are not kept. */
  append(rows: UsageRows): Promise<boolean>;
  /**
   * Takes one file of waiting records, ours or of a process that ended, hands over its records in small pieces, and
   * deletes it when `write` has succeeded with all of them. Returns false when nothing waits. The file stays when
   * `write` fails: pieces that were written come again.
   */
  replayOne(write: (rows: UsageRows) => Promise<void>): Promise<boolean>;
}

export interface UsageSpoolOptions {
  readonly folder: string;
  readonly maxBytes: number;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Usage records on disk while PostgreSQL is away: one file of JSON lines per process. A file is taken by renaming it,
 * which only one process can do; its name then carries the pid of the taker, so a taker that dies leaves a file like
 * any other. Taking a file of a process that lives after all is harmless: the writer notices and writes again, and the
 * records' ids make the second copy vanish.
 */
export function createUsageSpool(options: UsageSpoolOptions): UsageSpool {
  const { folder, log, clock } = options;
  const ownName = newName();
  const ownPath = join(folder, ownName);
  let full = false;
  let appending: Promise<unknown> = Promise.resolve();

  /** Closes our file when it is large, and sees whether the folder still has room. */
  async function rotate(sizeBytes: number): Promise<void> {
    if (sizeBytes < segmentBytes && !full) return;
    const closed = join(folder, newName());
    if (await renameIfThere(ownPath, closed)) await giveBack(closed);
    full = (await namesIn(folder)).length * segmentBytes >= options.maxBytes;
  }

  async function appendOnce(text: string): Promise<boolean> {
    const file = await open(ownPath, 'a', 0o600);
    try {
      await file.appendFile(text);
      await file.datasync();
      const written = await file.stat();
      const now = await statOrNull(ownPath);
      if (now === null || now.ino !== written.ino) return false;
      await rotate(written.size);
      return true;
    } finally {
      await file.close();
    }
  }

  async function append(rows: UsageRows): Promise<boolean> {
    if (full) await rotate(0);
    if (full) return false;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const text = await spooledText(rows);
    while (!(await appendOnce(text))) log.warn({ file: ownName }, 'the usage spool was taken; writing again');
    return true;
  }

  async function take(): Promise<string | null> {
    const names = await namesIn(folder);
    for (const name of names) {
      if (name !== ownName && !(await isAbandoned(folder, name, clock.now()))) continue;
      const taken = join(folder, newName());
      if (!(await renameIfThere(join(folder, name), taken))) continue;
      if (name !== ownName) log.info({ file: name }, 'usage records of a process that ended are taken over');
      const now = clock.now() / 1000;
      await utimes(taken, now, now);
      return taken;
    }
    return null;
  }

  return {
    append(rows) {
      // One after the other, whatever became of the one before: long texts are written in parts, which would mix.
      const turn = () => append(rows);
      const appended = appending.then(turn, turn);
      appending = appended;
      return appended;
    },
    async replayOne(write) {
      const taken = await take();
      if (taken === null) return false;
      try {
        await readSpooled(await readFile(taken, 'utf8'), {
          write,
          unreadable: (error) =>
            log.warn(
              { path: taken, error: String(error) },
              'a line of the usage spool cannot be read and is left out',
            ),
        });
      } catch (error) {
        await giveBack(taken);
        throw error;
      }
      await unlink(taken);
      return true;
    },
  };
}

function newName(): string {
  return `usage-${process.pid}-${randomUUID()}.jsonl`;
}

/** An old modification time marks the file as free for anybody, ourselves included. */
async function giveBack(path: string): Promise<void> {
  await utimes(path, 0, 0);
}

async function isAbandoned(folder: string, name: string, now: number): Promise<boolean> {
  const pid = Number(filePattern.exec(name)?.[1]);
  if (pid !== process.pid && !isRunning(pid)) return true;
  const found = await statOrNull(join(folder, name));
  return found !== null && now - found.mtimeMs > leaseMs;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => filePattern.test(name)).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function statOrNull(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
