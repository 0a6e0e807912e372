import { stat } from 'node:fs/promises';
import { createFollowingHash } from './following-hash.ts';

/** Size and SHA-256 (hex) of a file on this machine; `null` when there is none. */
export async function fileDigest(path: string): Promise<{ sizeBytes: number; sha256: string } | null> {
  let sizeBytes: number;
  try {
    const found = await stat(path);
    if (!found.isFile()) return null;
    sizeBytes = found.size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const hash = createFollowingHash(path, sizeBytes);
  try {
    return { sizeBytes, sha256: await hash.finish(sizeBytes) };
  } finally {
    await hash.stop();
  }
}
