import { randomUUID } from 'node:crypto';
import { SamovarError } from '../../kernel/errors.ts';
import type { ObjectStore } from '../../kernel/ports/object-store.ts';

/** Writes, reads and deletes a small object; throws `setup.object_store_unreachable` when any of it fails. */
export async function checkStore(store: Omit<ObjectStore, 'check'>, address: string): Promise<void> {
  const key = `check/${randomUUID()}`;
  const written = Buffer.from(key);
  try {
    await store.put(key, written, written.length);
    const read: Buffer[] = [];
    for await (const chunk of await store.get(key)) read.push(chunk as Buffer);
    await store.delete(key);
    if (!Buffer.concat(read).equals(written)) throw new Error('it gave back other bytes than were written');
  } catch (error) {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    throw new SamovarError('setup.object_store_unreachable', { params: { address, reason }, cause: error });
  }
}
