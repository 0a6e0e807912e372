import { defaultScope } from '@samovar/contract/default-scope';
import type { TestDatabase } from '../../../server/test/postgres.ts';

/**
 * So many ready models that are not loaded, and as many aliases, which point at the one that has a worker. Returns the
 * names of the aliases.
 */
export async function fillRegistry({ pool }: TestDatabase, count: number): Promise<string[]> {
  const { organizationId, projectId } = defaultScope;
  const scope = [organizationId, projectId, count];
  await pool.query(
    `with made as (
       insert into models (id, organization_id, project_id, name, owned_by)
       select gen_random_uuid(), $1, $2, 'filler-' || i, 'bench' from generate_series(1, $3::int) i returning id, name
     )
     insert into model_versions
       (id, organization_id, project_id, model_id, manifest_sha256, manifest, state, ready_at)
     select gen_random_uuid(), $1, $2, made.id, 'filler',
       pattern.manifest || jsonb_build_object('name', made.name), 'ready', now()
     from made, (select manifest from model_versions order by id limit 1) pattern`,
    scope,
  );
  await pool.query(
    `insert into model_aliases (organization_id, project_id, name, model_id)
     select $1, $2, 'alias-' || i, (select id from models where name = 'old')
     from generate_series(1, $3::int) i`,
    scope,
  );
  await pool.query('update config_version set version = version + 1');
  return Array.from({ length: count }, (_, index) => `alias-${index + 1}`);
}
