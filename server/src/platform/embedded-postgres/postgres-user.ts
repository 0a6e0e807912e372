import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { SamovarError } from '../../kernel/errors.ts';

/** Whom PostgreSQL runs as: it refuses to be root. */
export interface PostgresUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const candidates = ['samovar', 'postgres', 'nobody'];

/** For root, an unprivileged account of this machine; `null` when we are not root and PostgreSQL runs as ourselves. */
export function postgresUser(logPath: string): PostgresUser | null {
  if (process.getuid?.() !== 0) return null;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of candidates) {
    const account = accounts.find((fields) => fields[0] === name);
    if (account) return { name, uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new SamovarError('setup.postgres_failed', {
    params: { reason: `root cannot run it, and there is no account ${candidates.join(', ')}`, log: logPath },
  });
}

/** Whether this user can enter the folder, which means every folder above it too. `null` stands for ourselves. */
export function canEnter(folder: string, user: PostgresUser | null): boolean {
  if (user === null) return true;
  for (let path = folder; ; path = dirname(path)) {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts && !mayEnter(facts, user)) return false;
    if (path === dirname(path)) return true;
  }
}

function mayEnter(facts: { uid: number; gid: number; mode: number }, user: PostgresUser): boolean {
  if (facts.uid === user.uid) return (facts.mode & 0o100) !== 0;
  if (facts.gid === user.gid) return (facts.mode & 0o010) !== 0;
  return (facts.mode & 0o001) !== 0;
}
