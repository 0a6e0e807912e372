import { randomBytes } from 'node:crypto';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { SamovarError } from '../../kernel/errors.ts';

export interface MasterKeySource {
  /** `SAMOVAR_MASTER_KEY`: 32 bytes in base64. */
  readonly masterKey: string | null;
  /** `SAMOVAR_MASTER_KEY_FILE`. */
  readonly masterKeyFile: string | null;
  /** Where the embedded default keeps its key; made, with mode 600, when nothing else is given. */
  readonly ownFile: string;
}

/** The master key of this installation. Throws `setup.setting_invalid` when what is given is not a key. */
export async function loadMasterKey(source: MasterKeySource): Promise<Buffer> {
  if (source.masterKey !== null) return decode(source.masterKey, 'SAMOVAR_MASTER_KEY', 'the settings');
  if (source.masterKeyFile !== null)
    return decode(await readGiven(source.masterKeyFile), 'SAMOVAR_MASTER_KEY_FILE', source.masterKeyFile);
  const existing = await readIfThere(source.ownFile);
  if (existing !== null) return decode(existing, 'master-key', source.ownFile);
  await writeOnce(source.ownFile, `${randomBytes(32).toString('base64')}\n`);
  return decode(await readFile(source.ownFile, 'utf8'), 'master-key', source.ownFile);
}

function decode(text: string, name: string, source: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === 32) return key;
  throw invalid(name, source, 'it must be 32 bytes in base64, for example from `openssl rand -base64 32`');
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

/** Complete or not at all, and the first of several processes wins: written aside, flushed, then linked into place. */
async function writeOnce(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(aside, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(aside, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(aside);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function invalid(name: string, source: string, reason: string): SamovarError {
  return new SamovarError('setup.setting_invalid', { params: { name, source, reason } });
}
