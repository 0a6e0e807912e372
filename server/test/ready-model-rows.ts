import { defaultScope } from '@samovar/contract/default-scope';
import { newId } from '../src/kernel/ids.ts';
import type { Scope } from '../src/kernel/principal.ts';
import type { TestDatabase } from './postgres.ts';

export interface ReadyModel {
  readonly name: string;
  readonly modelId: string;
  readonly version: string;
}

/** A ready model of this kind, with the manifest of one that is there already. */
export async function addReadyModel(
  { pool }: Pick<TestDatabase, 'pool'>,
  name: string,
  task: 'chat' | 'embedding' = 'chat',
  { organizationId, projectId }: Scope = defaultScope,
): Promise<ReadyModel> {
  const modelId = newId();
  await pool.query(
    "insert into models (id, organization_id, project_id, name, owned_by) values ($3, $1, $2, $4, 'test')",
    [organizationId, projectId, modelId, name],
  );
  const version = await addReadyVersion({ pool }, { name, modelId, task, organizationId, projectId });
  return { name, modelId, version };
}

/** Another ready version of it, which its name means from now on. */
export async function addReadyVersion(
  { pool }: Pick<TestDatabase, 'pool'>,
  model: Scope & { readonly name: string; readonly modelId: string; readonly task?: 'chat' | 'embedding' },
): Promise<string> {
  const version = newId();
  const changes = JSON.stringify({ name: model.name, task: model.task ?? 'chat' });
  await pool.query(
    `insert into model_versions
       (id, organization_id, project_id, model_id, manifest_sha256, manifest, state, ready_at)
     select $3, $1, $2, $4, $6, manifest || $5::jsonb, 'ready', clock_timestamp()
     from model_versions order by id limit 1`,
    [model.organizationId, model.projectId, version, model.modelId, changes, version],
  );
  await pool.query('update config_version set version = version + 1');
  return version;
}

/** A worker of this version that answers at this address, beside those of the one engine host. */
export async function addReadyWorker(
  { pool }: Pick<TestDatabase, 'pool'>,
  model: Pick<ReadyModel, 'name' | 'version'> & Partial<Scope>,
  address: string,
): Promise<void> {
  const { organizationId, projectId } = { ...defaultScope, ...model };
  const deployment = newId();
  await pool.query(
    `insert into deployments (id, organization_id, project_id, version_id, model_name, desired)
     values ($3, $1, $2, $4, $5, 'always')`,
    [organizationId, projectId, deployment, model.version, model.name],
  );
  await pool.query(
    `insert into model_workers
       (id, organization_id, project_id, deployment_id, version_id, host_id, state, address, lane, slots)
     select $3, $1, $2, $4, $5, id, 'ready', $6, 'pass-through', 8 from engine_hosts limit 1`,
    [organizationId, projectId, newId(), deployment, model.version, address],
  );
  await pool.query('update config_version set version = version + 1');
}
