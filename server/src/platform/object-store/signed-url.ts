import { createHmac, timingSafeEqual } from 'node:crypto';
import { isObjectKey } from './object-key.ts';

export type UrlAction = 'get' | 'put';

export interface UrlSigner {
  /** Secret of the installation, at least 32 bytes. */
  readonly signingKey: Buffer;
  /** Address of this installation; objects are under its `/objects/`. */
  readonly publicUrl: string;
}

/** A URL that lets its bearer act on one object until it expires. */
export function signUrl(signer: UrlSigner, key: string, action: UrlAction, expiresAtSeconds: number): string {
  const url = new URL(
    `objects/${key}`,
    signer.publicUrl.endsWith('/') ? signer.publicUrl : `${signer.publicUrl}/`,
  );
  url.searchParams.set('action', action);
  url.searchParams.set('expires', String(expiresAtSeconds));
  url.searchParams.set(
    'signature',
    signatureOf(signer.signingKey, key, action, expiresAtSeconds).toString('hex'),
  );
  return url.href;
}

/** The key that a signed URL opens for this action now; `null` when it opens nothing. */
export function verifySignedUrl(
  signer: UrlSigner,
  address: string,
  action: UrlAction,
  nowSeconds: number,
): string | null {
  if (!URL.canParse(address, signer.publicUrl)) return null;
  const url = new URL(address, signer.publicUrl);
  const [, key] = /\/objects\/(.+)$/.exec(url.pathname) ?? [];
  const expires = Number(url.searchParams.get('expires'));
  const given = Buffer.from(url.searchParams.get('signature') ?? '', 'hex');
  if (key === undefined || !isObjectKey(key) || url.searchParams.get('action') !== action) return null;
  if (!Number.isSafeInteger(expires) || expires <= nowSeconds) return null;
  const right = signatureOf(signer.signingKey, key, action, expires);
  return given.length === right.length && timingSafeEqual(given, right) ? key : null;
}

function signatureOf(signingKey: Buffer, key: string, action: UrlAction, expiresAtSeconds: number): Buffer {
  return createHmac('sha256', signingKey).update(`${action}\n${key}\n${expiresAtSeconds}`).digest();
}
