import { gunzip, gzip, type InputType, inflate, type ZlibOptions } from 'node:zlib';
import { SamovarError } from '../../kernel/errors.ts';
import { malformedMessage } from './malformed-message.ts';

/** What a client may compress its messages with. */
export const acceptedEncodings = 'identity,gzip,deflate';
/** Below this a compressed message is hardly smaller. */
export const smallestPackedBytes = 512;

/** Speed over size: what is saved is the network's time, what is spent is ours. */
const packLevel = 1;

export type Unpack = (
  bytes: InputType,
  options: ZlibOptions,
  done: (error: NodeJS.ErrnoException | null, result: Buffer) => void,
) => void;

const unpackers: ReadonlyMap<string, Unpack> = new Map([
  ['gzip', gunzip],
  ['deflate', inflate],
]);

/** Throws `request.unsupported_encoding` for a `grpc-encoding` that is not one of ours. */
export function checkEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding === 'identity' || unpackers.has(encoding)) return;
  throw new SamovarError('request.unsupported_encoding', {
    params: { encoding: encoding.slice(0, 50) },
    headers: { 'grpc-accept-encoding': acceptedEncodings },
  });
}

/**
 * What unpacks the messages of a `grpc-encoding`. Throws `request.unsupported_encoding` for one that is not ours, and
 * `request.malformed_message` where none was named.
 */
export function unpackerOf(encoding: string | undefined): Unpack {
  checkEncoding(encoding);
  const unpack = unpackers.get(encoding ?? '');
  if (!unpack) throw malformedMessage('it is marked as compressed, and no compression was named.');
  return unpack;
}

/**
 * Unpacks a message in another thread; what would unpack to more than the limit is not unpacked. `done` is called once,
 * later.
 */
export function unpackMessage(
  packed: Buffer,
  unpack: Unpack,
  limitBytes: number,
  done: (outcome: Buffer | SamovarError) => void,
): void {
  unpack(packed, { maxOutputLength: Math.max(1, limitBytes) }, (error, bytes) => {
    if (error === null) done(bytes);
    else if (error.code === 'ERR_BUFFER_TOO_LARGE')
      done(new SamovarError('request.body_too_large', { params: { limitBytes }, cause: error }));
    else done(malformedMessage('it cannot be decompressed.', error));
  });
}

/** Compresses a message in another thread. */
export function packMessage(bytes: Uint8Array, done: (error: Error | null, packed: Buffer) => void): void {
  gzip(bytes, { level: packLevel }, done);
}
