import { defaultScope } from '@samovar/contract/default-scope';
import { allPermissions, type Permission } from '@samovar/contract/permissions';
import { newId } from '../src/kernel/ids.ts';
import type { Database } from '../src/kernel/ports/database.ts';
import type { Principal, Scope } from '../src/kernel/principal.ts';

/** A caller of this project with these permissions; its key need not exist. */
export function testPrincipal(
  keyId: string,
  scope: Scope = defaultScope,
  permissions: readonly Permission[] = allPermissions,
): Principal {
  return { kind: 'api-key', keyId, ...scope, permissions: new Set(permissions) };
}

/** A second organization with a project: what must stay apart. */
export async function createForeignScope(database: Database): Promise<Scope> {
  const scope = { organizationId: newId(), projectId: newId() };
  const tables = database.withTables<{
    organizations: { id: string; name: string };
    projects: { id: string; organization_id: string; name: string };
  }>();
  await tables.insertInto('organizations').values({ id: scope.organizationId, name: 'foreign' }).execute();
  await tables
    .insertInto('projects')
    .values({ id: scope.projectId, organization_id: scope.organizationId, name: 'foreign' })
    .execute();
  return scope;
}
