import type { AuditContext } from '../../audit/index.ts';
import type { AliasDependencies } from './alias-dependencies.ts';
import { endCanary } from './canary-store.ts';
import { changeAlias, type MoveOptions, noSuchAlias } from './change-alias.ts';
import { writeMove } from './write-move.ts';

/** Takes an alias away; its history stays, and a rollback brings it back. Throws `request.not_found`. */
export async function removeAlias(
  deps: AliasDependencies,
  context: AuditContext,
  called: string,
  options: MoveOptions = {},
): Promise<void> {
  await changeAlias(deps, context, called, options, async (transaction, { name, current }) => {
    if (current === null) throw noSuchAlias(name);
    await endCanary(transaction, context.scope, name, { state: 'stopped', reason: 'the alias was removed' });
    await writeMove(transaction, deps.configVersion, context, {
      name,
      action: 'remove',
      before: current,
      after: null,
      reason: options.reason ?? null,
    });
  });
}
