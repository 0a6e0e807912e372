import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CliSettings } from '../settings.ts';
import { type Finding, fine } from './finding.ts';

interface CertificateSettings {
  readonly values: Pick<CliSettings['values'], 'tlsCertFile' | 'tlsKeyFile'>;
}

const name = 'TLS';
const dayMs = 24 * 3_600_000;
const soonDays = 14;

/** Whether the certificate of both ports can be used, and for how long. */
export function checkCertificate({ values }: CertificateSettings, now = Date.now()): Finding {
  const { tlsCertFile: certFile, tlsKeyFile: keyFile } = values;
  if (certFile === null || keyFile === null)
    return fine(name, 'not set: both ports are plain; SAMOVAR_TLS_CERT_FILE and SAMOVAR_TLS_KEY_FILE set it');
  const remedy = 'Put a valid PEM certificate and its own key without a password there.';
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readFileSync(certFile));
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(keyFile))))
      return { name, state: 'fail', detail: `${keyFile} is not the key of ${certFile}`, remedy };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name, state: 'fail', detail: `${certFile} with ${keyFile} cannot be used: ${reason}`, remedy };
  }
  const names = certificate.subjectAltName ?? certificate.subject;
  const days = Math.floor((Date.parse(certificate.validTo) - now) / dayMs);
  if (days < 0) return { name, state: 'fail', detail: `the certificate expired ${-days} days ago`, remedy };
  if (Date.parse(certificate.validFrom) > now)
    return {
      name,
      state: 'fail',
      detail: `the certificate is not valid before ${certificate.validFrom}`,
      remedy,
    };
  if (days < soonDays)
    return {
      name,
      state: 'warn',
      detail: `the certificate expires in ${days} days`,
      remedy: 'Write the next one into the same files: it is taken within seconds, without a restart.',
    };
  return fine(name, `${names}, valid for ${days} days`);
}
