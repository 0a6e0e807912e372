import { type ErrorCode, errorCatalogue } from '@samovar/contract/errors';
import type { ProcessMessage } from '@samovar/contract/process-messages';
import { SamovarError } from '../../kernel/errors.ts';

/** What kept a role from starting, as it was thrown there; `null` when it was a fault and not one of our errors. */
export function errorOfMessage(message: ProcessMessage & { readonly kind: 'failed' }): SamovarError | null {
  if (message.code === 'system.internal' || !isErrorCode(message.code)) return null;
  return new SamovarError(message.code, { params: message.params });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}
