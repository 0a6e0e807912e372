import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { currentFirst } from '../current-first.ts';
import type { VersionFailure, VersionState } from '../model-version.ts';
import type { RegistryTables } from '../registry-tables.ts';

/** A version as it is compared with what is declared. */
export interface KnownVersion {
  readonly versionId: string;
  /** SHA-256 of the manifest. */
  readonly digest: string;
  readonly manifest: ModelManifest;
  readonly state: VersionState;
  readonly archivedAt: Date | null;
  /** Why its files are not here; `null` where nothing has failed. */
  readonly failure: VersionFailure | null;
}

/** The versions of many models by their names, what a name means first. */
export async function findKnownVersions(
  database: DatabaseOrTransaction,
  scope: Scope,
  modelNames: readonly string[],
): Promise<ReadonlyMap<string, readonly KnownVersion[]>> {
  const rows = await database
    .withTables<RegistryTables>()
    .selectFrom('models as m')
    .innerJoin('model_versions as v', 'v.model_id', 'm.id')
    .leftJoin('model_imports as i', 'i.version_id', 'v.id')
    .select(['m.name', 'v.id', 'v.manifest_sha256', 'v.manifest', 'v.state', 'v.archived_at', 'i.failure'])
    .where('m.organization_id', '=', scope.organizationId)
    .where('m.project_id', '=', scope.projectId)
    .where('m.name', '=', sql<string>`any (${[...modelNames]}::text[])`)
    .orderBy(currentFirst[0])
    .orderBy(currentFirst[1])
    .orderBy(currentFirst[2])
    .execute();
  const grouped = Map.groupBy(rows, ({ name }) => name);
  return new Map([...grouped].map(([name, group]) => [name, group.map(knownVersionOf)]));
}

function knownVersionOf(row: {
  readonly id: string;
  readonly manifest_sha256: string;
  readonly manifest: ModelManifest;
  readonly state: VersionState;
  readonly archived_at: Date | null;
  readonly failure: VersionFailure | null;
}): KnownVersion {
  return {
    versionId: row.id,
    digest: row.manifest_sha256,
    manifest: row.manifest,
    state: row.state,
    archivedAt: row.archived_at,
    failure: row.failure,
  };
}
