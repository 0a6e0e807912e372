import { whyNotWritable } from '@samovar/contract/make-folder';
import { SamovarError } from '../../kernel/errors.ts';

/** `setup.folder_not_writable` with the reason in words. */
export function unusableFolder(path: string, error: unknown): SamovarError {
  const reason = whyNotWritable(error);
  return new SamovarError('setup.folder_not_writable', { params: { path, reason }, cause: error });
}
