import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { SamovarError } from '../../kernel/errors.ts';
import type { SecureContextOptions } from '../../kernel/ports/certificate.ts';

export interface CertificateFiles {
  /** PEM: the server's certificate, then those between it and the authority. */
  readonly certFile: string;
  /** PEM, not encrypted. */
  readonly keyFile: string;
}

export interface CheckedPair {
  readonly options: SecureContextOptions;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Reads a certificate and its key, and proves that a server can use them at the time `now` (milliseconds since the
 * epoch). Throws `setup.tls_unusable`, which says what is wrong and never what is in the key.
 */
export async function readCertificate(files: CertificateFiles, now: number): Promise<CheckedPair> {
  const cert = await readPem(files, files.certFile);
  const key = await readPem(files, files.keyFile);
  return checkPair(files, { cert, key }, now);
}

/** The same for a pair that has been read. */
export function checkPair(
  files: CertificateFiles,
  { cert, key }: { readonly cert: Buffer; readonly key: Buffer },
  now: number,
): CheckedPair {
  const certificate = attempt(
    files,
    () => new X509Certificate(cert),
    `${files.certFile} holds no PEM certificate`,
  );
  const privateKey = attempt(
    files,
    () => createPrivateKey(key),
    `${files.keyFile} holds no PEM key without a password`,
  );
  checkMatch(files, certificate, privateKey);
  const begins = Date.parse(certificate.validFrom);
  const expiresAt = Date.parse(certificate.validTo);
  if (expiresAt <= now) throw unusable(files, `the certificate expired on ${dayOf(expiresAt)}`);
  if (begins > now) throw unusable(files, `the certificate is not valid before ${dayOf(begins)}`);
  const options = { cert, key, minVersion: 'TLSv1.2' } as const;
  attempt(files, () => createSecureContext(options), 'the TLS library takes this pair not');
  return { options, expiresAt };
}

function checkMatch(files: CertificateFiles, certificate: X509Certificate, key: KeyObject): void {
  if (!certificate.checkPrivateKey(key)) throw unusable(files, 'the key is not that of the certificate');
}

async function readPem(files: CertificateFiles, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw unusable(files, `${path} cannot be read: ${reason}`, error);
  }
}

function attempt<Value>(files: CertificateFiles, make: () => Value, reason: string): Value {
  try {
    return make();
  } catch (error) {
    throw unusable(files, reason, error);
  }
}

function unusable({ certFile, keyFile }: CertificateFiles, reason: string, cause?: unknown): SamovarError {
  return new SamovarError('setup.tls_unusable', { params: { certFile, keyFile, reason }, cause });
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
