import { existsSync, readFileSync } from 'node:fs';
import { SamovarError } from '../../kernel/errors.ts';

/** The password of our role, from its file. Throws `setup.data_damaged`. */
export function readRolePassword(path: string): string {
  let password = '';
  try {
    password = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const reason = existsSync(path) && cause instanceof Error ? cause.message : 'it is gone';
    throw new SamovarError('setup.data_damaged', { params: { path, reason }, cause });
  }
  if (password !== '') return password;
  throw new SamovarError('setup.data_damaged', { params: { path, reason: 'it is empty' } });
}
