import type { Command } from 'commander';
import { defineAcceleratorCommands } from '../engines/accelerator-commands.ts';

/** `samovar engines install|uninstall|restore`. */
export function define(command: Command): void {
  defineAcceleratorCommands(command);
}
