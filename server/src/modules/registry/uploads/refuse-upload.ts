import { sql } from 'kysely';
import { SamovarError } from '../../../kernel/errors.ts';
import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { RegistryTables } from '../registry-tables.ts';
import type { NewUpload } from './upload.ts';

/** Left free beside what uploads need. */
const reserveBytes = 64 * 1024 * 1024;

/**
 * Throws `upload.size_mismatch` where a file of the project with this digest has another size: one of the two was
 * written down wrongly. What other projects have is nobody's business.
 */
export async function refuseOtherSize(
  transaction: DatabaseTransaction,
  scope: Scope,
  { sha256, sizeBytes }: NewUpload,
): Promise<void> {
  if (sha256 === null) return;
  const tables = transaction.withTables<RegistryTables>();
  const known = await tables
    .selectFrom('model_files')
    .select('size_bytes')
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('sha256', '=', sha256)
    // Only of these it has been seen.
    .where('object_key', 'is not', null)
    .unionAll(
      tables
        .selectFrom('uploads')
        .select('size_bytes')
        .where('organization_id', '=', scope.organizationId)
        .where('project_id', '=', scope.projectId)
        .where('sha256', '=', sha256)
        .where('state', '=', 'complete'),
    )
    .limit(1)
    .executeTakeFirst();
  if (known !== undefined && Number(known.size_bytes) !== sizeBytes)
    throw new SamovarError('upload.size_mismatch', {
      params: { sha256, sizeBytes, knownBytes: Number(known.size_bytes) },
    });
}

/**
 * Throws `upload.no_space` where the file does not fit beside what is still to come of other uploads, of any project.
 * Announcements come one after the other until the transaction ends.
 */
export async function refuseFullStore(
  transaction: DatabaseTransaction,
  { name, sizeBytes }: NewUpload,
  freeBytes: number,
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('samovar.registry.uploads'))`.execute(transaction);
  const { coming } = await transaction
    .withTables<RegistryTables>()
    .selectFrom('uploads')
    .select(sql<string>`coalesce(sum(size_bytes - received_bytes), 0)`.as('coming'))
    .where('state', '=', 'receiving')
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirstOrThrow();
  const left = Math.max(0, freeBytes - Number(coming) - reserveBytes);
  if (sizeBytes <= left) return;
  throw new SamovarError('upload.no_space', {
    params: {
      name,
      freeMegabytes: Math.floor(left / 1e6),
      neededMegabytes: Math.ceil(sizeBytes / 1e6),
    },
  });
}
