import { readFile } from 'node:fs/promises';
import type { Clock } from '../../kernel/clock.ts';
import type { Certificate, SecureContextOptions } from '../../kernel/ports/certificate.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { type CertificateFiles, type CheckedPair, checkPair, readCertificate } from './read-certificate.ts';

export interface FollowedCertificate extends Certificate {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  stop(): void;
}

export interface FollowOptions {
  readonly files: CertificateFiles;
  readonly clock: Clock;
  readonly log: Log;
  /** How often the files are looked at. */
  readonly lookMs?: number;
}

const defaultLookMs = 5000;
const soonMs = 14 * 24 * 3_600_000;

/**
 * Reads the pair and follows its files, whichever way they change: written over, renamed into place, or by a symbolic
 * link that points elsewhere. A new pair that cannot be used is told in the log and the old one stays. The files are
 * read again and again, because not every file system tells of changes. Throws `setup.tls_unusable`.
 */
export async function followCertificate(options: FollowOptions): Promise<FollowedCertificate> {
  const { files, clock, log } = options;
  let current = await readCertificate(files, clock.now());
  warnSoon(current, options);
  const listeners: ((options: SecureContextOptions) => void)[] = [];
  /** The last pair that was not taken: half of a change when it is seen once, broken when it stays. */
  let odd: { readonly cert: Buffer; readonly key: Buffer; told: boolean } | null = null;

  function take(cert: Buffer, key: Buffer): void {
    const { options: used } = current;
    if (cert.equals(used.cert) && key.equals(used.key)) {
      odd = null;
      return;
    }
    try {
      current = checkPair(files, { cert, key }, clock.now());
    } catch (error) {
      const again = odd?.cert.equals(cert) === true && odd.key.equals(key);
      if (again && !odd?.told)
        log.error({ error }, 'The new TLS certificate cannot be used; the one before stays in use');
      odd = { cert, key, told: again };
      return;
    }
    odd = null;
    log.info({ expiresAt: new Date(current.expiresAt).toISOString() }, 'The TLS certificate has changed');
    warnSoon(current, options);
    for (const listener of listeners) listener(current.options);
  }

  async function look(): Promise<void> {
    try {
      take(await readFile(files.certFile), await readFile(files.keyFile));
    } catch (error) {
      // Between two renames a file may be missing for a moment; what stays away is no reason to stop serving.
      log.warn({ error }, 'The files of the TLS certificate cannot be read; the one before stays in use');
    }
  }

  const timer = setInterval(() => void look(), options.lookMs ?? defaultLookMs);
  timer.unref();
  return {
    secureContextOptions: () => current.options,
    onChange: (listener) => void listeners.push(listener),
    get expiresAt() {
      return current.expiresAt;
    },
    stop: () => clearInterval(timer),
  };
}

function warnSoon({ expiresAt }: CheckedPair, { clock, log }: FollowOptions): void {
  if (expiresAt - clock.now() < soonMs)
    log.warn({ expiresAt: new Date(expiresAt).toISOString() }, 'The TLS certificate expires soon');
}
