import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Log } from '../../kernel/ports/log.ts';

/** A running llama-server. */
export interface ServerProcess {
  /** Resolves with a sentence when it has ended, for whatever reason. */
  readonly ended: Promise<string>;
  /** The last that it said, the newest last. */
  readonly lastLines: readonly string[];
  residentBytes(): number;
  /** Ends it at once. */
  kill(): void;
}

/**
 * The program takes the shell's place and leads a process group of its own, so that a signal from the terminal does
 * not cut its streams. The shell leaves a guard in the group that ends it when our end of the pipe closes: also when
 * this process is killed, nothing of it stays behind.
 */
const guarded = `exec 3<&0
(while read -r _; do :; done; kill -KILL "-$$") <&3 >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-`;

/** Enough for what it says of its end. */
const keptLines = 20;

/** Starts the program. What it says goes to the log. */
export function startServerProcess(binary: string, args: readonly string[], log: Log): ServerProcess {
  const child = spawn('/bin/sh', ['-c', guarded, 'sh', binary, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() === '') return;
      lastLines.push(line);
      if (lastLines.length > keptLines) lastLines.shift();
      log.debug({}, line);
    });
  // A guard that is gone breaks the pipe: the end of the process is told by `exit`.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`llama-server could not be started: ${error.message}`));
    child.once('exit', () => killGroup(child));
    // Later than its exit: when all that it said has been read.
    child.once('close', (code, signal) => {
      const last = lastLines.at(-1);
      resolve(`llama-server ended with ${signal ?? code}${last === undefined ? '' : `: ${last}`}`);
    });
  });
  return {
    ended,
    lastLines,
    residentBytes: () => residentBytesOf(child.pid),
    kill: () => killGroup(child),
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group has ended.
  }
}

/** Resident memory of a process; 0 where the system has no `/proc`. */
function residentBytesOf(pid: number | undefined): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    return Number.isFinite(pages) ? pages * 4096 : 0;
  } catch {
    return 0;
  }
}
