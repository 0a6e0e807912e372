import { printNews } from '../output/print-line.ts';
import type { StartedSupervisor } from './start-supervisor.ts';

/**
 * Ctrl-C and SIGTERM drain the supervisor, a second one ends it at once. We end when it has ended. The answer tells
 * whether it was asked to stop.
 */
export function forwardSignals(started: StartedSupervisor, drainSeconds: number): () => boolean {
  let asked = false;
  const forward = () => {
    if (!asked)
      printNews(`\nStopping; running answers get up to ${drainSeconds} seconds. Once more ends at once.`);
    asked = true;
    started.child.kill('SIGTERM');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, forward);
  return () => asked;
}
