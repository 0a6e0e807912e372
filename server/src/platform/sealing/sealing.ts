import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Sealing } from '../../kernel/ports/sealing.ts';

/*
 * Format 1: one byte 1, 8 bytes key id, 12 bytes nonce, 16 bytes tag, then the text, by AES-256-GCM (NIST SP 800-38D).
 * The key id names the master key that sealed: after a rotation the old keys still open, the new one seals.
 */
const format = 1;
const keyIdBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;
const headerBytes = 1 + keyIdBytes + nonceBytes + tagBytes;

/** Seals with the first of these 32-byte master keys, opens with whichever sealed. */
export function createSealing(masterKey: Buffer, formerKeys: readonly Buffer[] = []): Sealing {
  const keys = new Map([masterKey, ...formerKeys].map((key) => [keyIdOf(key).toString('hex'), key]));
  const ownId = keyIdOf(masterKey);
  return {
    seal(plain, context) {
      const nonce = randomBytes(nonceBytes);
      const head = Buffer.concat([Buffer.from([format]), ownId, nonce]);
      const cipher = createCipheriv('aes-256-gcm', masterKey, nonce);
      cipher.setAAD(Buffer.concat([head, Buffer.from(context, 'utf8')]));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([head, cipher.getAuthTag(), body]);
    },
    open(sealed, context) {
      if (sealed.length < headerBytes || sealed[0] !== format)
        throw new Error('not a sealed text of a known format');
      const head = sealed.subarray(0, 1 + keyIdBytes + nonceBytes);
      const key = keys.get(head.subarray(1, 1 + keyIdBytes).toString('hex'));
      if (!key) throw new Error('sealed with a master key that is not at hand');
      const decipher = createDecipheriv('aes-256-gcm', key, head.subarray(1 + keyIdBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.concat([head, Buffer.from(context, 'utf8')]));
      decipher.setAuthTag(sealed.subarray(head.length, headerBytes));
      return Buffer.concat([decipher.update(sealed.subarray(headerBytes)), decipher.final()]);
    },
  };
}

function keyIdOf(key: Buffer): Buffer {
  if (key.length !== 32) throw new Error('a master key has 32 bytes');
  return createHash('sha256').update('samovar master key id').update(key).digest().subarray(0, keyIdBytes);
}
