import { readFileSync } from 'node:fs';
import type { CliSettings } from '../settings.ts';
import { type Finding, fine } from './finding.ts';

const accounts = ['samovar', 'postgres', 'nobody'];

/** Which PostgreSQL will be used; root needs an unprivileged account for the embedded one. */
export function checkPostgres({ values }: CliSettings): Finding {
  if (values.postgresUrl !== null) return fine('PostgreSQL', 'the one of SAMOVAR_POSTGRES_URL');
  if (process.getuid?.() !== 0) return fine('PostgreSQL', 'embedded, run by this user');
  const names = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':')[0]);
  const account = accounts.find((name) => names.includes(name));
  if (account !== undefined) return fine('PostgreSQL', `embedded, run by the account ${account}`);
  return {
    name: 'PostgreSQL',
    state: 'fail',
    detail: 'root cannot run it, and there is no unprivileged account for it',
    remedy: 'Make one with `useradd --system samovar`, or run Samovar as another user.',
  };
}
