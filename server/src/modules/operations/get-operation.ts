import { SamovarError } from '../../kernel/errors.ts';
import { withoutPrefix } from '../../kernel/ids.ts';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { Operation } from './operation.ts';
import { findOperation } from './operation-store.ts';

/**
 * An operation of this project by its id, with or without its prefix. Throws `operation.not_found`, also for what is
 * no id and for operations of others.
 */
export async function getOperation(
  database: DatabaseOrTransaction,
  scope: Scope,
  id: string,
): Promise<Operation> {
  const found = await findOperation(database, scope, operationIdOf(id));
  if (!found) throw operationNotFound(id);
  return found;
}

/** The bare id; throws `operation.not_found` for what is none. */
export function operationIdOf(text: string): string {
  const id = withoutPrefix('op', text);
  if (id === null) throw operationNotFound(text);
  return id;
}

export function operationNotFound(id: string): SamovarError {
  return new SamovarError('operation.not_found', { params: { id } });
}
