import { printNews } from '../output/print-line.ts';
import type { StartedSupervisor } from './start-supervisor.ts';

/** Ctrl-C and SIGTERM drain the supervisor, a second one ends it at once. We end when it has ended. */
export function forwardSignals(started: StartedSupervisor, drainSeconds: number): void {
  let asked = false;
  const forward = () => {
    if (!asked)
      printNews(`\nStopping; running answers get up to ${drainSeconds} seconds. Once more ends at once.`);
    asked = true;
    started.child.kill('SIGTERM');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, forward);
}
