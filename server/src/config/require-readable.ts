import { readFileSync } from 'node:fs';
import { SamovarError } from '../kernel/errors.ts';

/** The path of a file that a setting names. Throws `setup.setting_invalid` when it cannot be read. */
export function requireReadable(name: string, source: string, path: string): string {
  try {
    readFileSync(path);
    return path;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reason = reasons[String(code)] ?? String(error);
    throw new SamovarError('setup.setting_invalid', {
      params: { name, source, reason: `the file ${path} ${reason}.` },
      cause: error,
    });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'cannot be read by this user',
  EPERM: 'cannot be read by this user',
};
