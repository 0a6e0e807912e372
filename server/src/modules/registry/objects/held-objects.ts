import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { ObjectInfo, ObjectStore } from '../../../kernel/ports/object-store.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { modelFileKey } from '../get-version-files.ts';
import { inParallel } from '../in-parallel.ts';
import type { RegistryTables } from '../registry-tables.ts';

/** Of a store that is far away, each takes as long as a round trip. */
const headsAtOnce = 32;

export interface HeldObjects {
  readonly database: DatabaseOrTransaction;
  readonly objectStore: Pick<ObjectStore, 'head'>;
}

/**
 * Of these files, those that lie in the object store and that the project has shown to have: a version of its own holds
 * them. Files are shared between projects by their digest, and whoever knows a digest must not get the bytes of
 * another project for it: a file that is not held is fetched or uploaded and compared, though it is there.
 */
export async function findHeldObjects(
  { database, objectStore }: HeldObjects,
  scope: Scope,
  digests: readonly string[],
): Promise<ReadonlyMap<string, ObjectInfo>> {
  if (digests.length === 0) return new Map();
  const rows = await database
    .withTables<RegistryTables>()
    .selectFrom('model_files')
    .select('sha256')
    .distinct()
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('sha256', '=', sql<string>`any (${[...digests]}::text[])`)
    .where('object_key', 'is not', null)
    .execute();
  const found = await inParallel(rows, headsAtOnce, ({ sha256 }) => objectStore.head(modelFileKey(sha256)));
  return new Map(
    rows.flatMap(({ sha256 }, index) => {
      const object = found[index];
      return object ? [[sha256, object]] : [];
    }),
  );
}

/** Writes down that a file of a version lies in the object store: its bytes have come and are what they should be. */
export async function noteHeldObject(
  database: DatabaseOrTransaction,
  version: Scope & { readonly versionId: string },
  sha256: string,
): Promise<void> {
  await database
    .withTables<RegistryTables>()
    .updateTable('model_files')
    .set({ object_key: modelFileKey(sha256) })
    .where('version_id', '=', version.versionId)
    .where('organization_id', '=', version.organizationId)
    .where('project_id', '=', version.projectId)
    .where('sha256', '=', sha256)
    .execute();
}
