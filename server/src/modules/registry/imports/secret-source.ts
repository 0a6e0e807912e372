import { SamovarError } from '../../../kernel/errors.ts';
import type { Sealing } from '../../../kernel/ports/sealing.ts';
import type { ImportRequest } from './import-request.ts';

/** Words in the names of parameters that carry what lets its bearer in, as signed addresses have them. */
const secretWords = new Set([
  'sig',
  'signature',
  'token',
  'secret',
  'password',
  'passwd',
  'pwd',
  'key',
  'apikey',
  'credential',
  'credentials',
  'auth',
  'authorization',
  'bearer',
  'jwt',
  'sas',
  'hmac',
  'policy',
  'session',
]);

/**
 * The source without the parameters of its address that are secrets (`X-Amz-Signature`, `sig`, `token` …): what is
 * kept and shown of it. Throws `model.source_invalid` for an address with a user name or a password.
 */
export function withoutQuerySecrets(source: string): string {
  if (!/^https?:/i.test(source) || !URL.canParse(source)) return source;
  const url = new URL(source);
  if (url.username !== '' || url.password !== '')
    throw new SamovarError('model.source_invalid', {
      params: { source: `${url.origin}${url.pathname}`, reason: 'credentials do not belong into a source' },
      field: 'source',
    });
  const secrets = [...url.searchParams.keys()].filter(isSecretName);
  if (secrets.length === 0) return source;
  for (const name of secrets) url.searchParams.delete(name);
  return url.href;
}

/** `X-Amz-Signature` → x, amz, signature; `AWSAccessKeyId` → aws, access, key, id. */
function isSecretName(name: string): boolean {
  return name
    .replace(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3-$2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .some((word) => secretWords.has(word));
}

/** The source as it was asked for, sealed; `null` where it carries no secret. */
export function sealSource(sealing: Sealing, importId: string, source: string): Buffer | null {
  return withoutQuerySecrets(source) === source
    ? null
    : sealing.seal(Buffer.from(source), contextOf(importId));
}

/** The source as it was asked for: only for whoever fetches from it. */
export function wholeSource(sealing: Sealing, { id, source, sealedSource }: ImportRequest): string {
  return sealedSource === null ? source : sealing.open(sealedSource, contextOf(id)).toString();
}

function contextOf(importId: string): string {
  return `registry.import-source ${importId}`;
}
