import { readFile } from 'node:fs/promises';
import { SamovarError } from '../../kernel/errors.ts';

export interface MasterKeySource {
  /** `SAMOVAR_MASTER_KEY`: 32 bytes in base64. */
  readonly masterKey: string | null;
  /** `SAMOVAR_MASTER_KEY_FILE`. */
  readonly masterKeyFile: string | null;
  /** Where `prepare` keeps the key that it makes when nothing else is given. */
  readonly ownFile: string;
}

/**
 * The master key of this installation. Throws `setup.data_damaged` when the installation's own file holds none, and
 * `setup.setting_invalid` when what is given is not a key, or when there is none: only `prepare` makes one, since
 * processes on several machines that each made their own would not understand one another.
 */
export async function loadMasterKey(source: MasterKeySource): Promise<Buffer> {
  if (source.masterKey !== null) return decode(source.masterKey, 'SAMOVAR_MASTER_KEY', 'the settings');
  if (source.masterKeyFile !== null)
    return decode(await readGiven(source.masterKeyFile), 'SAMOVAR_MASTER_KEY_FILE', source.masterKeyFile);
  const own = await readIfThere(source.ownFile);
  if (own !== null) return decodeOwn(own, source.ownFile);
  const reason = `it is not set and ${source.ownFile} is not there: give every machine the same key, or run \`prepare\` with this data folder`;
  throw invalid('SAMOVAR_MASTER_KEY', 'the settings', reason);
}

function decodeOwn(text: string, path: string): Buffer {
  const key = keyIn(text);
  if (key !== null) return key;
  throw new SamovarError('setup.data_damaged', {
    params: { path, reason: 'it is no key of 32 bytes in base64' },
  });
}

function decode(text: string, name: string, source: string): Buffer {
  const key = keyIn(text);
  if (key !== null) return key;
  throw invalid(name, source, 'it must be 32 bytes in base64, for example from `openssl rand -base64 32`');
}

function keyIn(text: string): Buffer | null {
  const key = Buffer.from(text.trim(), 'base64');
  return key.length === 32 ? key : null;
}

async function readGiven(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw invalid('SAMOVAR_MASTER_KEY_FILE', path, error instanceof Error ? error.message : String(error));
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function invalid(name: string, source: string, reason: string): SamovarError {
  return new SamovarError('setup.setting_invalid', { params: { name, source, reason } });
}
