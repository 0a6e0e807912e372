import type { Command } from 'commander';
import { runScript } from '../develop/run-script.ts';

/** `samovar protocol`. */
export function define(command: Command): void {
  command.action(async () => {
    await runScript('tools/protocol/write-protocol.ts', []);
  });
}
