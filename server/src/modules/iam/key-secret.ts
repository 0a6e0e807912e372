import { hash, randomBytes } from 'node:crypto';

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62^43 > 2^256: so many characters hold 32 bytes. */
const secretLength = 43;

/** A new secret: `smv_` and 32 random bytes in base 62. */
export function newKeySecret(): string {
  let number = BigInt(`0x${randomBytes(32).toString('hex')}`);
  let text = '';
  for (let place = 0; place < secretLength; place += 1) {
    text = base62.charAt(Number(number % 62n)) + text;
    number /= 62n;
  }
  return `smv_${text}`;
}

/** SHA-256 of a secret. Secrets are random, so a plain fast hash is enough: there is nothing to guess. */
export function hashKeySecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** The same in hexadecimal digits, as the data path looks keys up: made without a Buffer in between. */
export function hexHashOfKeySecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** `smv_` and four characters: enough to recognise a key, far too few to guess it. */
export function displayPrefix(secret: string): string {
  return secret.slice(0, 8);
}
