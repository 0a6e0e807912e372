import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setInterval as every } from 'node:timers/promises';

/** Code of ours that runs in a process of its own. */
export interface ConfinedCode {
  /** The script of the process. */
  readonly entry: string;
  /** Folders that it may read: its own code. */
  readonly codeFolders: readonly string[];
  /** What it may see of the environment. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ConfinedRun {
  /** Further arguments of Node's permission model: `--allow-fs-read=…`, `--allow-fs-write=…`. */
  readonly permissions: readonly string[];
  /** Resident memory that it may take. */
  readonly memoryBytes: number;
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** What it reads from its input. */
  readonly input: string;
  /** Each line that it writes, the last one included. */
  onLine(line: string): void;
}

export interface ConfinedEnd {
  /** The last line that it wrote; empty when it wrote none. */
  readonly text: string;
  /** Why it was ended, as the end of a sentence; `null` when it ended by itself. */
  readonly fault: string | null;
}

const mostLineBytes = 16 * 1024 * 1024;
const memoryCheckMs = 100;

/**
 * Runs code in a process that may read and write what it is told and nothing else, starts no program and loads no
 * native code. One that takes too long, grows too large or says too much is ended; an abort ends it too, and throws
 * the signal's reason.
 */
export async function runConfinedProcess(code: ConfinedCode, run: ConfinedRun): Promise<ConfinedEnd> {
  run.signal.throwIfAborted();
  const heapMegabytes = Math.max(64, Math.floor((run.memoryBytes * 0.75) / 2 ** 20));
  const child = spawn(
    process.execPath,
    [
      '--permission',
      ...code.codeFolders.map((folder) => `--allow-fs-read=${folder}`),
      ...run.permissions,
      `--max-old-space-size=${heapMegabytes}`,
      '--disable-warning=ExperimentalWarning',
      '--disable-warning=SecurityWarning',
      code.entry,
    ],
    // A group of its own: Ctrl-C in the terminal reaches who asked, and it decides.
    { detached: true, stdio: ['pipe', 'pipe', 'ignore'], env: { ...code.environment } },
  );
  const watch = watchChild(child, run);
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${run.input}\n`);
  try {
    const text = await watch.lastLine;
    run.signal.throwIfAborted();
    return { text, fault: watch.fault() };
  } finally {
    watch.end();
  }
}

interface Watch {
  /** The last line that it wrote, once it has ended. */
  readonly lastLine: Promise<string>;
  fault(): string | null;
  end(): void;
}

function watchChild(child: ChildProcess, run: ConfinedRun): Watch {
  let fault: string | null = null;
  const stop = (why: string | null) => {
    fault ??= why;
    child.kill('SIGKILL');
  };
  const abort = () => stop(null);
  run.signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => stop(`takes longer than ${run.limitMs / 1000} seconds`), run.limitMs);
  const watching = new AbortController();
  void watchMemory(child, run.memoryBytes, watching.signal, () =>
    stop(`takes more than ${Math.round(run.memoryBytes / 2 ** 20)} MiB of memory`),
  );
  let unended = 0;
  let last = '';
  // A line that never ends would be gathered for ever.
  child.stdout?.on('data', (part: Buffer) => {
    unended = part.includes(0x0a) ? part.length - part.lastIndexOf(0x0a) : unended + part.length;
    if (unended > mostLineBytes) stop('gives an answer that is longer than is plausible');
  });
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      last = line;
      run.onLine(line);
    });
  const lastLine = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(last));
  });
  return {
    lastLine,
    fault: () => fault,
    end() {
      clearTimeout(timer);
      watching.abort();
      run.signal.removeEventListener('abort', abort);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    },
  };
}

/** Looks at the resident memory where the system tells it (`/proc`); elsewhere the limit of the heap holds alone. */
async function watchMemory(
  child: ChildProcess,
  memoryBytes: number,
  signal: AbortSignal,
  onExcess: () => void,
): Promise<void> {
  try {
    for await (const _ of every(memoryCheckMs, undefined, { signal, ref: false }))
      if (residentBytesOf(child.pid) > memoryBytes) return onExcess();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function residentBytesOf(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
  } catch {
    // It has ended, or this system has no `/proc`.
    return 0;
  }
}
