import { spawn } from 'node:child_process';
import { watchChild } from './watch-child.ts';

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
  /** Lets everything else on the machine go first; it does not unless told. */
  readonly isBackground?: boolean;
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
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${run.input}\n`);
  let text = '';
  const { fault } = await watchChild(child, {
    ...run,
    memory: 'resident',
    isBackground: run.isBackground === true,
    onLine(line) {
      text = line;
      run.onLine(line);
    },
  });
  return { text, fault };
}
