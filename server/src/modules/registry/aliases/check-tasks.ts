import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../../kernel/errors.ts';
import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { CurrentAlias } from './alias-store.ts';
import { describeTarget, type FoundTarget } from './find-target.ts';

/** One kind of model answers for an alias. Throws `request.invalid`. */
export function sharedTask(targets: readonly FoundTarget[]): ModelManifest['task'] {
  const [first, ...others] = targets;
  if (!first) throw new Error('an alias without a target');
  const other = others.find(({ task }) => task !== first.task);
  if (other)
    throw new SamovarError('request.invalid', {
      params: {
        parameter: 'targets',
        reason: `\`${first.model}\` does ${first.task} and \`${other.model}\` ${other.task}: one alias stands for one kind of model.`,
      },
      field: 'targets',
    });
  return first.task;
}

/** An alias does not change its kind of model unless that is wanted. Throws `alias.task_changed`. */
export async function refuseOtherTask(
  transaction: DatabaseTransaction,
  scope: Scope,
  change: {
    readonly name: string;
    readonly current: CurrentAlias | null;
    readonly task: ModelManifest['task'];
  },
): Promise<void> {
  const { name, current, task: wanted } = change;
  const [stable] = current?.state.targets ?? [];
  const now = stable ? await describeTarget(transaction, scope, stable) : null;
  if (now === null || now === 'archived' || now.task === wanted) return;
  throw new SamovarError('alias.task_changed', {
    params: { alias: name, task: now.task, wanted },
    field: 'model',
  });
}
