import { SamovarError } from '../../../kernel/errors.ts';
import type { DatabaseOrTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { findAlias } from './alias-store.ts';

/** Models and aliases share their names. Throws `request.invalid` for a new model that an alias is called like. */
export async function refuseAliasName(
  database: DatabaseOrTransaction,
  scope: Scope,
  modelName: string,
): Promise<void> {
  if ((await findAlias(database, scope, modelName)) !== null) throw aliasNameTaken(modelName);
}

export function aliasNameTaken(modelName: string): SamovarError {
  return new SamovarError('request.invalid', {
    params: {
      parameter: 'name',
      reason: `an alias is called ${modelName}: models and aliases share their names`,
    },
    field: 'name',
  });
}
