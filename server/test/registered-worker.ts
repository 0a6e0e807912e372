import { readFile } from 'node:fs/promises';
import { defaultScope } from '@samovar/contract/default-scope';
import { parse } from 'yaml';
import { newId } from '../src/kernel/ids.ts';
import type { Replica } from '../src/modules/serving/index.ts';
import type { TestDatabase } from './postgres.ts';

/** Names of packaged models, and the alias under which each is the usual one of its task. */
const aliases = { 'smollm2-135m-instruct': 'chat-default', 'all-minilm-l6-v2': 'embedding-default' } as const;

export type PackagedModel = keyof typeof aliases;

/** Puts a worker that answers at this address into the database as the ready one of a packaged model. */
export async function registerWorker(
  { pool }: Pick<TestDatabase, 'pool'>,
  address: string,
  lane: Replica['lane'] = 'pass-through',
  modelName: PackagedModel = 'smollm2-135m-instruct',
): Promise<{ readonly model: string }> {
  const file = new URL(`../../models/${modelName}.yaml`, import.meta.url);
  const manifest = JSON.stringify(parse(await readFile(file, 'utf8')));
  const { organizationId, projectId } = defaultScope;
  const [model, version, deployment, host] = [newId(), newId(), newId(), newId()];
  const scope = [organizationId, projectId];
  await pool.query(
    "insert into models (id, organization_id, project_id, name, owned_by) values ($3, $1, $2, $4, 'test')",
    [...scope, model, modelName],
  );
  await pool.query(
    `insert into model_versions (id, organization_id, project_id, model_id, manifest_sha256, manifest, state)
     values ($3, $1, $2, $4, 'test', $5, 'ready')`,
    [...scope, version, model, manifest],
  );
  await pool.query(
    'insert into model_aliases (organization_id, project_id, name, model_id) values ($1, $2, $3, $4)',
    [...scope, aliases[modelName], model],
  );
  await pool.query(
    `insert into deployments (id, organization_id, project_id, version_id, model_name, desired)
     values ($3, $1, $2, $4, $5, 'always')`,
    [...scope, deployment, version, modelName],
  );
  await pool.query(
    `insert into engine_hosts (id, name, lease_until, memory_budget_bytes, threads, engines, pid, process_started_at)
     values ($1, 'test', now() + interval '1 hour', 1, 1, '{llama-cpp}', 1, 'test')`,
    [host],
  );
  await pool.query(
    `insert into model_workers
       (id, organization_id, project_id, deployment_id, version_id, host_id, state, address, lane, slots)
     values ($3, $1, $2, $4, $5, $6, 'ready', $7, $8, 4)`,
    [...scope, newId(), deployment, version, host, address, lane],
  );
  await pool.query('update config_version set version = version + 1');
  return { model: modelName };
}
