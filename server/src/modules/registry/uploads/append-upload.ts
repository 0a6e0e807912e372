import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import { withPrefix } from '../../../kernel/ids.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { RegistryTables } from '../registry-tables.ts';
import { expiry } from './create-upload.ts';
import { createRunningDigests } from './running-digests.ts';
import { nextUploadState, type Upload, type UploadEvent, uploadPrefix } from './upload.ts';
import type { UploadDependencies } from './upload-dependencies.ts';
import { getUpload, selectParts } from './upload-store.ts';

/** What of a body is held in memory, and what is lost at most when a process dies. */
const partBytes = 8 * 1024 * 1024;

export type AppendUpload = (
  scope: Scope,
  id: string,
  bytes: { readonly offsetBytes: number; readonly body: Readable },
) => Promise<Upload>;

/**
 * Takes bytes of an upload from `offsetBytes` on: in parts, each an object of its own that counts once its row is
 * there, so whatever process comes next goes on behind the last one. What had come before a connection broke is kept.
 * With the last byte the digest is compared with the announced one. Throws `upload.offset_mismatch`,
 * `upload.too_long`, `upload.digest_mismatch`, `request.not_found`.
 */
export function createAppendUpload(dependencies: UploadDependencies): AppendUpload {
  const digests = createRunningDigests();

  async function keep(store: ObjectStore, upload: Upload, offsetBytes: number, bytes: Buffer): Promise<void> {
    const objectKey = `${uploadPrefix(upload.id)}${offsetBytes}-${randomUUID()}`;
    await store.put(objectKey, bytes, bytes.length);
    try {
      await addPart(dependencies, upload, { offsetBytes, sizeBytes: bytes.length, objectKey });
    } catch (error) {
      // Of anything else it is not known whether the row is there; a part without one goes with its upload.
      if (error instanceof SamovarError) await store.delete(objectKey);
      throw error;
    }
    digests.add(upload.id, offsetBytes, bytes);
  }

  return async (scope, id, { offsetBytes, body }) => {
    const upload = await getUpload(dependencies.database, scope, id);
    if (upload.receivedBytes !== offsetBytes || upload.state !== 'receiving')
      throw misplaced(upload, offsetBytes);
    const store = await dependencies.objectStore();
    let received = offsetBytes;
    for await (const part of partsOf(body, partBytes)) {
      if (received + part.bytes.length > upload.sizeBytes)
        throw new SamovarError('upload.too_long', {
          params: { id: withPrefix('upl', id), sizeBytes: upload.sizeBytes },
        });
      if (part.bytes.length > 0) await keep(store, upload, received, part.bytes);
      received += part.bytes.length;
      if (part.fault !== null) throw part.fault;
    }
    if (received === upload.sizeBytes) await complete(upload, store);
    return await getUpload(dependencies.database, scope, id);
  };

  async function complete(upload: Upload, store: ObjectStore): Promise<void> {
    const { database } = dependencies;
    const found =
      digests.take(upload.id, upload.sizeBytes) ??
      (await digests.read(store, await selectParts(database, upload)));
    const event: UploadEvent =
      upload.sha256 === null || upload.sha256 === found ? 'completed' : 'digest-differed';
    const state = nextUploadState(upload.state, event);
    if (state === null) throw new Error(`an upload that is ${upload.state} cannot take ${event}`);
    await database
      .withTables<RegistryTables>()
      .updateTable('uploads')
      .set({ state, ...(state === 'complete' && { sha256: found }) })
      .where('id', '=', upload.id)
      .where('project_id', '=', upload.projectId)
      .where('state', '=', 'receiving')
      .execute();
    if (state === 'refused')
      throw new SamovarError('upload.digest_mismatch', {
        params: { id: withPrefix('upl', upload.id), found, announced: upload.sha256 ?? '' },
      });
  }
}

/** Of two that send the same stretch at once, the second is told where the first has come to. */
async function addPart(
  { database, clock, uploadHours }: UploadDependencies,
  upload: Upload,
  part: { readonly offsetBytes: number; readonly sizeBytes: number; readonly objectKey: string },
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const tables = transaction.withTables<RegistryTables>();
    const moved = await tables
      .updateTable('uploads')
      .set({
        received_bytes: part.offsetBytes + part.sizeBytes,
        expires_at: expiry(clock.now(), uploadHours),
      })
      .where('id', '=', upload.id)
      .where('project_id', '=', upload.projectId)
      .where('state', '=', 'receiving')
      .where(sql<boolean>`received_bytes = ${part.offsetBytes}`)
      .executeTakeFirst();
    if (moved.numUpdatedRows === 0n)
      throw misplaced(await getUpload(transaction, upload, upload.id), part.offsetBytes);
    await tables
      .insertInto('upload_parts')
      .values({
        organization_id: upload.organizationId,
        project_id: upload.projectId,
        upload_id: upload.id,
        offset_bytes: part.offsetBytes,
        size_bytes: part.sizeBytes,
        object_key: part.objectKey,
      })
      .execute();
  });
}

function misplaced(upload: Upload, offset: number): SamovarError {
  return new SamovarError('upload.offset_mismatch', {
    params: { id: withPrefix('upl', upload.id), received: upload.receivedBytes, offset },
    headers: { 'upload-offset': String(upload.receivedBytes) },
  });
}

interface ReceivedPart {
  readonly bytes: Buffer;
  /** Why nothing follows, when the body broke. */
  readonly fault: SamovarError | null;
}

/** Cuts a body into parts of one size; the last one is what was left, also of a body that broke. */
async function* partsOf(body: Readable, sizeBytes: number): AsyncGenerator<ReceivedPart> {
  let pieces: Buffer[] = [];
  let held = 0;
  let fault: SamovarError | null = null;
  try {
    // A body that is refused in its middle is still answered: its connection must not be cut.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      pieces.push(chunk);
      held += chunk.length;
      if (held < sizeBytes) continue;
      yield { bytes: Buffer.concat(pieces), fault: null };
      pieces = [];
      held = 0;
    }
  } catch (error) {
    // Thrown by the body: its client left. What consumers throw ends the generator without passing here.
    fault = new SamovarError('request.timeout', { cause: error });
  }
  yield { bytes: Buffer.concat(pieces), fault };
}
