import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { deprecationOf, type KnownVersions } from './aliases/serve-aliases.ts';
import type { Deprecation } from './aliases/served-alias.ts';
import type { ArchivedModel, PendingModel, ServedModel } from './served-model.ts';
import type { VersionRow } from './version-rows.ts';

/** What names and ids of models and versions mean, before aliases. */
export interface ServedVersions {
  readonly models: ReadonlyMap<string, ServedModel>;
  readonly versions: ReadonlyMap<string, ServedModel>;
  readonly pending: ReadonlyMap<string, PendingModel>;
  readonly archived: ReadonlyMap<string, ArchivedModel>;
  readonly deprecated: ReadonlyMap<string, Deprecation>;
  readonly known: KnownVersions;
}

export function serveVersions(
  rows: readonly VersionRow[],
  manifests: ReadonlyMap<string, ModelManifest>,
): ServedVersions {
  const models = new Map<string, ServedModel>();
  const versions = new Map<string, ServedModel>();
  const pending = new Map<string, PendingModel>();
  const archived = new Map<string, ArchivedModel>();
  const deprecated = new Map<string, Deprecation>();
  const known = {
    ready: new Map<string, ServedModel>(),
    pending: new Map<string, PendingModel>(),
    archived: new Map<string, ArchivedModel>(),
  };
  for (const row of rows) {
    const key = `${row.project_id}/${row.name}`;
    if (row.archived_at !== null) {
      archived.set(key, { successor: row.successor });
      known.archived.set(row.model_id, { successor: row.successor });
      continue;
    }
    const deprecation = deprecationOf({ ...row, sunset_at: null });
    if (deprecation !== null) deprecated.set(row.model_id, deprecation);
    if (row.state === 'ready') {
      const manifest = manifests.get(row.version_id);
      if (row.version_archived_at !== null || !manifest) continue;
      const served = servedModelOf(row, manifest);
      versions.set(row.version_id, served);
      known.ready.set(row.version_id, served);
      if (row.current) {
        models.set(key, served);
        known.ready.set(row.model_id, served);
      }
    } else {
      known.pending.set(row.version_id, { state: row.state });
      if (row.current) {
        pending.set(key, { state: row.state });
        known.pending.set(row.model_id, { state: row.state });
      }
    }
  }
  return { models, versions, pending, archived, deprecated, known };
}

function servedModelOf(row: VersionRow, manifest: ModelManifest): ServedModel {
  return {
    modelId: row.model_id,
    versionId: row.version_id,
    name: row.name,
    organizationId: row.organization_id,
    projectId: row.project_id,
    task: manifest.task,
    createdAtSeconds: Math.floor(row.created_at.getTime() / 1000),
    ownedBy: row.owned_by,
    contextTokens: manifest.contextTokens,
    manifest,
  };
}
