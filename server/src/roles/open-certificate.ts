import type { ServerSettings } from '../config/load-settings.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Log } from '../kernel/ports/log.ts';
import { type FollowedCertificate, followCertificate } from '../platform/tls/follow-certificate.ts';

/** The certificate of both ports, `null` where none is set. Throws `setup.tls_unusable`. */
export async function openCertificate(
  settings: Pick<ServerSettings, 'tlsCertFile' | 'tlsKeyFile'>,
  log: Log,
): Promise<FollowedCertificate | null> {
  const { tlsCertFile: certFile, tlsKeyFile: keyFile } = settings;
  if (certFile === null || keyFile === null) return null;
  return await followCertificate({ files: { certFile, keyFile }, clock: systemClock, log });
}
