import { sql } from 'kysely';
import { isUnnamedLicense } from '../../../kernel/license-names.ts';
import type { DatabaseOrTransaction, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { SourceLicense } from '../../../kernel/ports/model-source.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { RegistryTables } from '../registry-tables.ts';
import type { LicenseAcceptance } from './license-acceptance.ts';

/** Keeps that a project has accepted these terms for a model; the first who did stays. */
export async function rememberAcceptance(
  transaction: DatabaseTransaction,
  scope: Scope,
  modelName: string,
  { by, at, terms }: LicenseAcceptance & { readonly terms: SourceLicense },
): Promise<void> {
  await transaction
    .withTables<RegistryTables>()
    .insertInto('license_acceptances')
    .values({
      organization_id: scope.organizationId,
      project_id: scope.projectId,
      model_name: modelName,
      license_id: terms.id,
      license_url: terms.url,
      actor: JSON.stringify(by),
      accepted_at: at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The licences that a project has accepted, by the names of these models. */
export async function acceptedLicenses(
  database: DatabaseOrTransaction,
  scope: Scope,
  modelNames: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rows = await inScope(database, scope)
    .select(['model_name', 'license_id'])
    .where('model_name', '=', sql<string>`any (${[...modelNames]}::text[])`)
    .execute();
  const grouped = Map.groupBy(rows, (row) => row.model_name);
  return new Map([...grouped].map(([name, group]) => [name, new Set(group.map((row) => row.license_id))]));
}

/** What the project has accepted of these terms for a model before; `null`: nobody has, or they have no name. */
export async function earlierAcceptance(
  database: DatabaseOrTransaction,
  scope: Scope,
  modelName: string,
  terms: SourceLicense,
): Promise<LicenseAcceptance | null> {
  if (isUnnamedLicense(terms.id)) return null;
  const row = await inScope(database, scope)
    .select(['actor', 'accepted_at'])
    .where('model_name', '=', modelName)
    .where('license_id', '=', terms.id)
    .executeTakeFirst();
  return row === undefined ? null : { by: row.actor, at: row.accepted_at.toISOString(), terms };
}

function inScope(database: DatabaseOrTransaction, scope: Scope) {
  return database
    .withTables<RegistryTables>()
    .selectFrom('license_acceptances')
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId);
}
