import type { Command } from 'commander';
import { printJson } from '../output/print-json.ts';
import { addServerOptions, clientFor, type Options } from '../server-options.ts';
import type { AliasAnswer } from './alias-answers.ts';
import { showAlias } from './show-alias.ts';

export interface MoveOptions extends Options {
  readonly json?: boolean;
  readonly reason?: string;
  readonly force?: boolean;
}

/** What every move of an alias may be told. */
export function addMoveOptions(command: Command): Command {
  return addServerOptions(command)
    .option('--reason <text>', 'why; kept in the history')
    .option('--json', 'print JSON');
}

/** Sends a move, and shows the alias after it. */
export async function moveAlias(
  name: string,
  action: string,
  body: object,
  options: MoveOptions,
): Promise<void> {
  printAlias((await clientFor(options).send('POST', actionPath(name, action), body)) as AliasAnswer, options);
}

export function printAlias(alias: AliasAnswer, { json }: MoveOptions): void {
  if (json) printJson(alias);
  else showAlias(alias);
}

/** What was said of any move. */
export function said({ reason }: MoveOptions): object {
  return reason === undefined ? {} : { reason };
}

/** The slash of a branch is encoded too: a branch may be called like an action, as in `desk/history`. */
export function aliasPath(name: string): string {
  return `/api/aliases/${encodeURIComponent(name)}`;
}

export function actionPath(name: string, action: string): string {
  return `${aliasPath(name)}/${action}`;
}
