import { SamovarError } from '../../kernel/errors.ts';
import { PassingFault } from './passing-fault.ts';

/** Whatever failed as an error of the catalogue; failures of this machine's disk and aborts stay what they are. */
export function sourceFailure(error: unknown, uri: string, signal: AbortSignal): unknown {
  if (signal.aborted || error instanceof SamovarError || isDiskFailure(error)) return error;
  const pauseMs = error instanceof PassingFault ? error.pauseMs : null;
  return new SamovarError('model.source_unavailable', {
    params: { source: withoutSecrets(uri), reason: reasonOf(error) },
    ...(pauseMs === null ? {} : { retryAfterSeconds: Math.ceil(pauseMs / 1000) }),
    cause: error,
  });
}

/** The source without what may be secret in an address: a password, and signed queries. */
export function withoutSecrets(uri: string): string {
  return uri.replace(/\/\/[^@/]*@/, '//').replace(/\?[^#]*/, '');
}

function isDiskFailure(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    /^(ENOSPC|EDQUOT|EROFS|EACCES|EIO|ENOTDIR|EISDIR)$/.test(String(error.code))
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message || error.name}${cause}`;
}
