import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const keptLines = 30;

export interface ToolResult {
  readonly code: number | null;
  /** The end of what it printed, both streams together. */
  readonly lastLines: readonly string[];
}

export interface ToolOptions {
  onLine(line: string): void;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program to its end and reads what it prints line by line; an abort ends it early. Rejects when it cannot be
 * started.
 */
export async function runTool(
  command: string,
  args: readonly string[],
  options: ToolOptions,
): Promise<ToolResult> {
  // A group of its own: a build tool is ended with the compilers that it started.
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
  };
  options.signal?.addEventListener('abort', end, { once: true });
  if (options.signal?.aborted) end();
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > keptLines) lastLines.shift();
      options.onLine(line);
    });
  }
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, lastLines };
  } finally {
    options.signal?.removeEventListener('abort', end);
  }
}

/** Whether a program can be found and run. */
export async function hasTool(command: string): Promise<boolean> {
  try {
    return (await runTool(command, ['--version'], { onLine: () => {} })).code === 0;
  } catch {
    return false; // spawn failed: there is no such program
  }
}
