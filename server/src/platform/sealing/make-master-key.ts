import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, open, unlink } from 'node:fs/promises';
import { loadMasterKey, type MasterKeySource } from './load-master-key.ts';

/**
 * The master key of this installation, made when nothing is given and `ownFile` is not there yet: 32 random bytes in
 * base64, mode 600. Several processes may call this at once. `beforeMaking` may throw why none is to be made.
 * Throws what `loadMasterKey` throws.
 */
export async function makeMasterKey(
  source: MasterKeySource,
  beforeMaking?: () => Promise<void>,
): Promise<Buffer> {
  const isGiven = source.masterKey !== null || source.masterKeyFile !== null;
  if (!isGiven && !existsSync(source.ownFile)) {
    await beforeMaking?.();
    await writeOnce(source.ownFile, `${randomBytes(32).toString('base64')}\n`);
  }
  return await loadMasterKey(source);
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
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await unlink(aside);
  }
}
