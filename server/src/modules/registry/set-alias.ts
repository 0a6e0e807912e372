import { SamovarError } from '../../kernel/errors.ts';
import type { ConfigVersion } from '../../kernel/ports/config-version.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import { deleteAlias, modelExists, upsertAlias } from './alias-store.ts';

export interface AliasDependencies {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
}

/** Also branches and tuned versions of model URIs: `name/rc`, `name@suffix`, `name/latest@suffix`. */
const form = /^[A-Za-z0-9][A-Za-z0-9._-]{0,126}(?:\/[A-Za-z0-9._-]{1,60})?(?:@[A-Za-z0-9._-]{1,60})?$/;

/**
 * Gives a model another name in its project, or moves the name to it. The model's newest ready version answers.
 * Throws `request.invalid` for what can be no alias and for the name of a model.
 */
export async function setAlias(
  { database, configVersion }: AliasDependencies,
  context: AuditContext,
  {
    alias,
    model,
  }: { readonly alias: string; readonly model: { readonly modelId: string; readonly name: string } },
): Promise<void> {
  if (!form.test(alias))
    throw invalidAlias(
      'it must be letters, digits, `.`, `_` and `-`, with at most one `/branch` and one `@suffix`.',
    );
  await database.transaction().execute(async (transaction) => {
    if (await modelExists(transaction, context.scope, alias)) throw invalidAlias('a model has this name.');
    await upsertAlias(transaction, context.scope, alias, model.modelId);
    await recordAudit(transaction, {
      ...context,
      action: 'alias.set',
      target: { kind: 'alias', id: alias },
      detail: { model: model.name },
    });
    await configVersion.bump(transaction);
  });
}

/** Takes an alias away. Throws `request.not_found`. */
export async function removeAlias(
  { database, configVersion }: AliasDependencies,
  context: AuditContext,
  alias: string,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    if (!(await deleteAlias(transaction, context.scope, alias)))
      throw new SamovarError('request.not_found', { params: { kind: 'alias', id: alias.slice(0, 256) } });
    await recordAudit(transaction, {
      ...context,
      action: 'alias.remove',
      target: { kind: 'alias', id: alias },
    });
    await configVersion.bump(transaction);
  });
}

function invalidAlias(reason: string): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter: 'alias', reason }, field: 'alias' });
}
