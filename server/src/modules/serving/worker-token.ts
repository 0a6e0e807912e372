import { hkdfSync } from 'node:crypto';

/** The secret between the data path and workers on TCP, the same in every process that has the master key. */
export function deriveWorkerToken(masterKey: Buffer): string {
  return Buffer.from(hkdfSync('sha256', masterKey, '', 'samovar model worker token v1', 32)).toString(
    'base64url',
  );
}
