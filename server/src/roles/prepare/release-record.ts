import { readFileSync } from 'node:fs';
import { SamovarError } from '../../kernel/errors.ts';
import { migrationNames } from '../../platform/postgres/migration-names.ts';
import { writeFileWhole } from '../../platform/process/write-file-whole.ts';
import { ownVersion } from './own-version.ts';

/** Which release wrote the data, and up to which migration. */
export interface ReleaseRecord {
  readonly version: string;
  readonly schema: string;
}

/** The record at this path, `null` on a new data folder. Throws `setup.data_damaged`. */
export function readRelease(path: string): ReleaseRecord | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw damaged(path, error instanceof Error ? error.message : String(error), error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(path, notOurs, error);
  }
  if (isRelease(value)) return value;
  throw damaged(path, notOurs);
}

const notOurs = 'it does not say which release wrote the data';

function isRelease(value: unknown): value is ReleaseRecord {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'version' in value &&
    typeof value.version === 'string' &&
    'schema' in value &&
    typeof value.schema === 'string'
  );
}

function damaged(path: string, reason: string, cause?: unknown): SamovarError {
  return new SamovarError('setup.data_damaged', { params: { path, reason }, cause });
}

/** Throws `setup.newer_data` when the record names a migration that comes after all of ours. */
export async function refuseNewerRelease(release: ReleaseRecord | null): Promise<void> {
  const latest = (await migrationNames()).at(-1) ?? '';
  if (release !== null && release.schema > latest)
    throw new SamovarError('setup.newer_data', { params: { found: release.version, own: ownVersion() } });
}

/** Records that this release has brought the data to its schema. */
export async function writeRelease(path: string): Promise<void> {
  const record: ReleaseRecord = { version: ownVersion(), schema: (await migrationNames()).at(-1) ?? '' };
  writeFileWhole(path, `${JSON.stringify(record)}\n`);
}
