import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A certificate with its key, as PEM texts. */
export interface TestCertificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface TestAuthority {
  /** The certificate that clients must trust. */
  readonly cert: Buffer;
  /** Makes a server certificate for host names and addresses. */
  issue(...names: string[]): TestCertificate;
}

/** A certificate authority that exists nowhere else (X.509 version 3, RFC 5280, with P-256 keys). */
export function createTestAuthority(
  name = `Test authority ${randomBytes(4).toString('hex')}`,
): TestAuthority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyId = keyIdOf(own.publicKey);
  const issue = (subject: string, key: KeyObject, extensions: Buffer[]): Buffer =>
    pem('CERTIFICATE', certificate({ issuer: name, subject, key, extensions }, own.privateKey));
  return {
    cert: issue(name, own.publicKey, [
      extension(oid.basicConstraints, true, sequence(tlv(0x01, Buffer.from([0xff])))),
      // keyCertSign and cRLSign.
      extension(oid.keyUsage, true, tlv(0x03, Buffer.from([1, 0x06]))),
      extension(oid.subjectKeyId, false, tlv(0x04, keyId)),
    ]),
    issue(...names) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const cert = issue(names[0] ?? '', pair.publicKey, [
        // digitalSignature.
        extension(oid.keyUsage, true, tlv(0x03, Buffer.from([7, 0x80]))),
        extension(oid.extendedKeyUsage, false, sequence(oid.serverAuth)),
        extension(oid.subjectKeyId, false, tlv(0x04, keyIdOf(pair.publicKey))),
        extension(oid.authorityKeyId, false, sequence(tlv(0x80, keyId))),
        extension(oid.subjectAltName, false, sequence(...names.map(alternativeName))),
      ]);
      return { cert, key: Buffer.from(pair.privateKey.export({ format: 'pem', type: 'pkcs8' })) };
    },
  };
}

interface CertificateParts {
  readonly issuer: string;
  readonly subject: string;
  readonly key: KeyObject;
  readonly extensions: readonly Buffer[];
}

const dayMs = 24 * 60 * 60 * 1000;

function certificate({ issuer, subject, key, extensions }: CertificateParts, signer: KeyObject): Buffer {
  const algorithm = sequence(oid.ecdsaWithSha256);
  const body = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(12)])),
    algorithm,
    distinguishedName(issuer),
    sequence(utcTime(Date.now() - dayMs), utcTime(Date.now() + 30 * dayMs)),
    distinguishedName(subject),
    key.export({ format: 'der', type: 'spki' }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, signer);
  return sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
}

function alternativeName(name: string): Buffer {
  return isIPv4(name) ? tlv(0x87, Buffer.from(name.split('.').map(Number))) : tlv(0x82, Buffer.from(name));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid.commonName, tlv(0x0c, Buffer.from(commonName)))));
}

function extension(id: Buffer, critical: boolean, value: Buffer): Buffer {
  return sequence(id, ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));
}

function keyIdOf(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest();
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '');
  return tlv(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

/** Big-endian, in two's complement. */
function integer(bytes: Buffer): Buffer {
  return tlv(0x02, bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

/** DER (X.690): the tag, the length, the content. */
function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function pem(label: string, der: Buffer): Buffer {
  const lines = (der.toString('base64').match(/.{1,64}/g) ?? []).join('\n');
  return Buffer.from(`-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`);
}

const oid = {
  commonName: objectId('550403'),
  ecdsaWithSha256: objectId('2a8648ce3d040302'),
  subjectKeyId: objectId('551d0e'),
  keyUsage: objectId('551d0f'),
  subjectAltName: objectId('551d11'),
  basicConstraints: objectId('551d13'),
  authorityKeyId: objectId('551d23'),
  extendedKeyUsage: objectId('551d25'),
  serverAuth: objectId('2b06010505070301'),
};

function objectId(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'));
}
