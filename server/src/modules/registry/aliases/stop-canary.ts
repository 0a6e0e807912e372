import { SamovarError } from '../../../kernel/errors.ts';
import { type AuditContext, recordAudit } from '../../audit/index.ts';
import type { AliasDependencies } from './alias-dependencies.ts';
import { endCanary } from './canary-store.ts';
import { changeAlias, type MoveOptions, noSuchAlias } from './change-alias.ts';

/** Ends the canary of an alias and leaves its targets as they are. Throws `request.not_found` or `alias.no_canary`. */
export async function stopCanary(
  deps: AliasDependencies,
  context: AuditContext,
  called: string,
  options: MoveOptions = {},
): Promise<void> {
  await changeAlias(deps, context, called, options, async (transaction, { name, current }) => {
    if (current === null) throw noSuchAlias(name);
    const reason = options.reason ?? 'stopped by hand';
    if (!(await endCanary(transaction, context.scope, name, { state: 'stopped', reason })))
      throw new SamovarError('alias.no_canary', { params: { alias: name } });
    await recordAudit(transaction, {
      ...context,
      action: 'alias.canary-stop',
      target: { kind: 'alias', id: name },
      detail: { reason },
    });
  });
}
