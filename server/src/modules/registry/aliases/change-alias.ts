import { SamovarError } from '../../../kernel/errors.ts';
import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { AuditContext } from '../../audit/index.ts';
import type { AliasDependencies } from './alias-dependencies.ts';
import { normalName } from './alias-name.ts';
import { type CurrentAlias, findAlias, lockAlias } from './alias-store.ts';

/** What a caller may say of any move. */
export interface MoveOptions {
  /** Why; kept in the history. */
  readonly reason?: string | null | undefined;
  /** The revision that the decision is based on; the move is refused when the alias has another. */
  readonly revision?: number | undefined;
  /** Also to a model of another kind. */
  readonly force?: boolean | undefined;
}

/** An alias that is locked until the transaction ends. */
export interface LockedAlias {
  readonly name: string;
  /** `null`: the project has none of this name. */
  readonly current: CurrentAlias | null;
}

/**
 * Changes one alias in one transaction, after all other changes of it. Throws `alias.changed` when it is not at the
 * revision that the caller knows, and what `refuseShared` throws.
 */
export async function changeAlias<Result>(
  { database, refuseShared }: AliasDependencies,
  context: AuditContext,
  called: string,
  { revision }: MoveOptions,
  change: (transaction: DatabaseTransaction, locked: LockedAlias) => Promise<Result>,
): Promise<Result> {
  const name = normalName(called);
  return await database.transaction().execute(async (transaction) => {
    await lockAlias(transaction, context.scope, name);
    const current = await findAlias(transaction, context.scope, name);
    if (current?.state.scope === 'organization') refuseShared?.();
    if (revision !== undefined && revision !== (current?.revision ?? 0))
      throw new SamovarError('alias.changed', {
        params: { alias: name, revision: current?.revision ?? 0, expected: revision },
        field: 'revision',
      });
    return await change(transaction, { name, current });
  });
}

/** `request.not_found` for an alias that the project does not have. */
export function noSuchAlias(name: string): SamovarError {
  return new SamovarError('request.not_found', { params: { kind: 'alias', id: name.slice(0, 256) } });
}
