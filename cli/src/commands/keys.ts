import { allPermissions, applicationPermissions } from '@samovar/contract/permissions';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { CommandError, exitStatus } from '../command-error.ts';
import type { CreatedKeyAnswer, KeyAnswer } from '../console-answers.ts';
import { printJson } from '../output/print-json.ts';
import { printLine, printNews } from '../output/print-line.ts';
import { printTable } from '../output/print-table.ts';
import { collected, futureTime, positiveCount } from '../parse-option.ts';
import { readPages } from '../read-pages.ts';
import { addServerOptions, clientFor, type Options } from '../server-options.ts';
import { defineRecover } from './keys/recover-key.ts';

/** `samovar keys create|list|revoke|recover`. */
export function define(command: Command): void {
  defineCreate(command.command('create').description('create a key; its secret is shown this once'));
  defineList(command.command('list').description('list the keys of the project, newest first'));
  defineRevoke(command.command('revoke').description('revoke a key; holds within a second'));
  defineRecover(command.command('recover').description('make a key without a key, as the owner of the data'));
}

interface CreateOptions extends Options {
  readonly name: string;
  readonly permission?: readonly string[];
  readonly rpm?: number;
  readonly tpm?: number;
  readonly parallel?: number;
  readonly expires?: string;
  readonly json?: boolean;
}

function defineCreate(command: Command): void {
  addServerOptions(command)
    .requiredOption('--name <name>', 'what it is for')
    .option(
      '--permission <permission>',
      `what it may do, several times or separated by commas: all, ${allPermissions.join(', ')} (default: ${applicationPermissions.join(', ')})`,
      collected,
    )
    .option('--rpm <count>', 'requests per minute at most', positiveCount)
    .option('--tpm <count>', 'tokens per minute at most', positiveCount)
    .option('--parallel <count>', 'parallel requests at most', positiveCount)
    .option('--expires <when>', 'when it ends: 30d, 12h, a date or a time', futureTime)
    .option('--json', 'print JSON')
    .action(async (options: CreateOptions) => {
      const created = (await clientFor(options).send('POST', '/api/keys', {
        name: options.name,
        ...(options.permission && { permissions: permissionsOf(options.permission) }),
        limits: {
          requestsPerMinute: options.rpm ?? null,
          tokensPerMinute: options.tpm ?? null,
          parallelRequests: options.parallel ?? null,
        },
        expiresAt: options.expires ?? null,
      })) as CreatedKeyAnswer;
      if (options.json) {
        printJson(created);
        return;
      }
      printNews(`Made ${created.id} (${created.name}): ${created.permissions.join(', ')}.`);
      printNews('This is its secret. It is shown this once and kept nowhere:');
      printLine(created.secret);
    });
}

function permissionsOf(asked: readonly string[]): readonly string[] {
  if (asked.includes('all')) return allPermissions;
  const known: readonly string[] = allPermissions;
  const unknown = asked.find((permission) => !known.includes(permission));
  if (unknown !== undefined)
    throw new CommandError(
      `There is no permission \`${unknown}\`.`,
      `There are: all, ${allPermissions.join(', ')}.`,
      exitStatus.usage,
    );
  return asked;
}

function defineList(command: Command): void {
  addServerOptions(command)
    .option('--json', 'print JSON')
    .action(async (options: Options & { readonly json?: boolean }) => {
      const keys = await readPages<KeyAnswer>(clientFor(options), '/api/keys');
      if (options.json) printJson(keys);
      else
        printTable(
          ['id', 'name', 'secret', 'state', 'permissions', 'limits', 'created', 'expires'],
          keys.map((key) => [
            key.id,
            key.name,
            `${key.prefix}…`,
            key.state,
            key.permissions.length === allPermissions.length ? 'all' : key.permissions.join(','),
            limitsText(key),
            key.createdAt.slice(0, 10),
            key.expiresAt?.slice(0, 10) ?? 'never',
          ]),
        );
    });
}

function limitsText({ limits }: KeyAnswer): string {
  const parts = [
    limits.requestsPerMinute === null ? null : `${limits.requestsPerMinute} rpm`,
    limits.tokensPerMinute === null ? null : `${limits.tokensPerMinute} tpm`,
    limits.parallelRequests === null ? null : `${limits.parallelRequests} parallel`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

function defineRevoke(command: Command): void {
  addServerOptions(command)
    .argument('<key>', 'its id, or its name or the beginning of its secret when only one valid key has it')
    .option('--force', 'revoke even the last key that may manage keys')
    .option('--json', 'print JSON')
    .action(
      async (given: string, options: Options & { readonly force?: boolean; readonly json?: boolean }) => {
        const client = clientFor(options);
        const id = given.startsWith('key_') ? given : await idOf(client, given);
        const path = `/api/keys/${encodeURIComponent(id)}${options.force ? '?force=true' : ''}`;
        const revoked = (await client.send('DELETE', path)) as KeyAnswer;
        if (options.json) printJson(revoked);
        else printLine(`Revoked ${revoked.id} (${revoked.name}).`);
      },
    );
}

async function idOf(client: ApiClient, given: string): Promise<string> {
  const found = (await readPages<KeyAnswer>(client, '/api/keys')).filter(
    (key) => key.state === 'valid' && (key.name === given || given.startsWith(key.prefix)),
  );
  const [only] = found;
  if (only && found.length === 1) return only.id;
  throw new CommandError(
    found.length === 0
      ? `No valid key is called \`${given}\`.`
      : `${found.length} keys are called \`${given}\`.`,
    '`samovar keys list` shows their ids.',
  );
}
