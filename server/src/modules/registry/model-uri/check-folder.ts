import { SamovarError } from '../../../kernel/errors.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { ModelPolicy } from './model-policy.ts';

/**
 * A folder is a project: the one of the key, by its id or its name; empty and `0` mean it too.
 * Throws `request.folder_mismatch` for any other.
 */
export function checkFolder(
  folder: string,
  { projectId }: Scope,
  { projectNames }: Pick<ModelPolicy, 'projectNames'>,
  field: string,
): void {
  if (folder === '' || folder === '0') return;
  const name = projectNames.get(projectId);
  if (folder === name || folder.toLowerCase() === projectId) return;
  throw new SamovarError('request.folder_mismatch', {
    params: { folder: folder.slice(0, 100), own: name ?? projectId },
    field,
  });
}
