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
  // Not SIGKILL: nginx would leave its workers behind.
  const end = () => child.kill('SIGTERM');
  process.once('exit', end);
  return {
    pid: child.pid ?? 0,
    process: child,
    async stop() {
      process.removeListener('exit', end);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(timer);
    },
  };
}
