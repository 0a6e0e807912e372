import type { Command } from 'commander';
import { runScript } from '../develop/run-script.ts';

/** `samovar format`. */
export function define(command: Command): void {
  command.action(async () => {
    await runScript('node_modules/@biomejs/biome/bin/biome', ['check', '--write', '.']);
  });
}
