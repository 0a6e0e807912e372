import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';

export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** What is measured has a core of its own; everything else shares the other. */
export type Core = 'measured' | 'other';

/** Starts a program on its core (on a machine with one core, anywhere). */
export function startChild(
  core: Core,
  program: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Child {
  const pinned = cpus().length > 1 ? ['taskset', '-c', core === 'measured' ? '1' : '0'] : ['env'];
  const [first = '', ...rest] = [...pinned, program, ...args];
  const child = spawn(first, rest, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    ...(env ? { env } : {}),
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    pid: child.pid ?? 0,
    process: child,
    async stop() {
      process.removeListener('exit', kill);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(kill, 5000);
      await ended;
      clearTimeout(timer);
    },
  };
}
