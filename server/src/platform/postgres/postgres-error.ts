import { SamovarError } from '../../kernel/errors.ts';
import { printableAddress } from './connection-options.ts';

/** `setup.postgres_unreachable` for this URL; the password is part of neither its text nor its parameters. */
export function postgresUnreachable(url: string, cause: unknown): SamovarError {
  return new SamovarError('setup.postgres_unreachable', {
    params: { address: printableAddress(url), reason: reasonOf(cause) },
    cause,
  });
}

/** Whether the failure means that the server could not be reached or refused us, rather than a faulty statement. */
export function isConnectionFailure(error: unknown): boolean {
  const code = codeOf(error);
  if (code === null) return error instanceof Error && /timeout|terminated|connection/i.test(error.message);
  // Class 08: connection exceptions; 28: invalid authorization; 3D: no such database; 53300: too many connections;
  // 57P: the server is starting, stopping or was killed.
  return /^(08|28|3D|57P)/.test(code) || code === '53300' || isNetworkFailure(error, code);
}

/**
 * Whether a transaction failed for what another one did at the same time, so that the same may succeed now: both waited
 * for each other, a lock was not to be had, or it wrote what a constraint refuses between our tidying and the
 * constraint.
 */
export function isCrossed(error: unknown): boolean {
  const code = codeOf(error);
  // Class 40: rolled back (serialization failure, deadlock); 55P03: lock not available; 23: integrity constraints.
  return code !== null && (/^(40|23)/.test(code) || code === '55P03');
}

/** Codes of a connection that broke or was never made; those of files and disks are none of them. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'EPROTO',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTCONN',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

function isNetworkFailure(error: unknown, code: string): boolean {
  if (networkCodes.has(code) || /^ERR_(TLS|SSL)_|CERT/.test(code)) return true;
  // A Unix socket that is not there, or not for us: ENOENT and EACCES of these calls only.
  return (
    error instanceof Error &&
    'syscall' in error &&
    (error.syscall === 'connect' || error.syscall === 'getaddrinfo')
  );
}

function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause instanceof Error && cause.message !== '' ? cause.message : String(codeOf(cause) ?? cause);
}
