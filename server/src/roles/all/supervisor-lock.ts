import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ProcessIdentity } from '@samovar/contract/data-folder';
import { isRunning, ownIdentity } from '@samovar/contract/process-identity';
import { SamovarError } from '../../kernel/errors.ts';

export interface SupervisorLock {
  release(): void;
}

/**
 * Takes the one lock of a data folder. A lock whose process is gone (recognised by identity, so a reused pid does
 * not count) is taken over. Throws `setup.already_running`.
 */
export function acquireSupervisorLock(path: string): SupervisorLock {
  const own = ownIdentity();
  const offer = `${path}.${own.pid}.new`;
  writeFileSync(offer, JSON.stringify(own), { mode: 0o600, flush: true });
  try {
    while (!tryLink(offer, path)) {
      const holder = readHolder(path);
      if (holder && isRunning(holder))
        throw new SamovarError('setup.already_running', { params: { pid: holder.pid } });
      setAside(path, `${path}.${own.pid}.stale`);
    }
  } finally {
    rmSync(offer, { force: true });
  }
  return {
    release() {
      if (readHolder(path)?.pid === own.pid) rmSync(path, { force: true });
    },
  };
}

/** A hard link appears whole or not at all, and never replaces: the lock is made with its content in one step. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isFileError(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Moves a stale lock away; puts it back when a living process took it between our look and our move. */
function setAside(path: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved && isRunning(moved)) tryLink(aside, path);
  rmSync(aside);
}

function readHolder(path: string): ProcessIdentity | null {
  try {
    const read: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isIdentity(read) ? read : null;
  } catch (error) {
    if (isFileError(error, 'ENOENT') || error instanceof SyntaxError) return null;
    throw error;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return value !== null && typeof value === 'object' && 'pid' in value && 'startedAt' in value;
}

function isFileError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
