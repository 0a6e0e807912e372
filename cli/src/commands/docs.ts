import type { Command } from 'commander';
import { runScript } from '../develop/run-script.ts';

/** `samovar docs`. */
export function define(command: Command): void {
  command.action(async () => {
    await runScript('tools/docs/write-pages.ts', []);
  });
}
