import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { RegistryTables } from './registry-tables.ts';

export interface VersionFile {
  /** Its name in the manifest. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Where it lies in the object store; `null` until it does. */
  readonly objectKey: string | null;
}

/** The files of a version, for the engine host, which serves every project: the version's id is the scope. */
export async function getVersionFiles(
  database: DatabaseOrTransaction,
  versionId: string,
): Promise<readonly VersionFile[]> {
  const rows = await database
    .withTables<RegistryTables>()
    .selectFrom('model_files')
    .selectAll()
    .where('version_id', '=', versionId)
    .orderBy('name')
    .execute();
  return rows.map((row) => ({
    name: row.name,
    sizeBytes: Number(row.size_bytes),
    sha256: row.sha256,
    objectKey: row.object_key,
  }));
}

/** Where a file lies in the object store: by its content, so the same file is never kept twice. */
export function modelFileKey(sha256: string): string {
  return `models/sha256/${sha256.slice(0, 2)}/${sha256}`;
}
