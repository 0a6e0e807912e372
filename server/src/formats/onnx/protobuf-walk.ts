import type { ByteCursor } from '../bytes/byte-cursor.ts';
import { refusal } from '../refuse-files.ts';

/** One field of a message. Of a field with a length, the cursor stands at its content. */
export interface WireField {
  readonly number: number;
  readonly kind: 'varint' | 'fixed64' | 'length' | 'fixed32';
  /** The value of a varint; 0 otherwise. */
  readonly value: bigint;
  /** Bytes of a field with a length; 0 otherwise. */
  readonly length: number;
}

export interface MessageWalk {
  readonly cursor: ByteCursor;
  readonly fileName: string;
  /** Fields that may still be read of this file: what nests or repeats beyond reason ends here. */
  fieldsLeft: number;
}

const deepest = 24;

/**
 * Calls `visit` for each field of the message that ends at `end`. What `visit` leaves unread of a field is skipped,
 * so that weights are never read. Throws `model.refused` for what is no message. Source: Protocol Buffers, "Encoding".
 */
export async function walkMessage(
  walk: MessageWalk,
  end: number,
  depth: number,
  visit: (field: WireField) => Promise<void> | void,
): Promise<void> {
  const { cursor, fileName } = walk;
  const fault = (what: string) => refusal(`${fileName} is damaged: ${what} at byte ${cursor.position}`);
  if (depth > deepest) throw fault('messages nest too deeply');
  while (cursor.position < end) {
    walk.fieldsLeft -= 1;
    if (walk.fieldsLeft < 0) throw fault('there are too many fields');
    const tag = await readVarint(walk);
    const number = Number(tag >> 3n);
    const kind = kinds[Number(tag & 7n)];
    if (kind === undefined || number < 1 || number > 536_870_911) throw fault('there is no field');
    if (kind === 'varint') await visit({ number, kind, value: await readVarint(walk), length: 0 });
    else if (kind !== 'length') {
      cursor.skip(kind === 'fixed64' ? 8 : 4, 'a number');
      await visit({ number, kind, value: 0n, length: 0 });
    } else {
      const length = await readVarint(walk);
      if (length > BigInt(end - cursor.position)) throw fault(`a field claims ${length} bytes`);
      const fieldEnd = cursor.position + Number(length);
      await visit({ number, kind, value: 0n, length: Number(length) });
      if (cursor.position > fieldEnd) throw fault('a field ends before its content');
      cursor.skip(fieldEnd - cursor.position, 'a field');
    }
  }
  if (cursor.position !== end) throw fault('a message ends before its content');
}

const kinds: Readonly<Record<number, WireField['kind']>> = {
  0: 'varint',
  1: 'fixed64',
  2: 'length',
  5: 'fixed32',
};

/** Numbers packed one behind the other up to `end`. */
export async function readPacked(walk: MessageWalk, end: number, most: number): Promise<bigint[]> {
  const values: bigint[] = [];
  while (walk.cursor.position < end) {
    if (values.length >= most) throw refusal(`${walk.fileName} is damaged: a list is too long`);
    values.push(await readVarint(walk));
  }
  return values;
}

/** A text of at most `most` bytes. */
export async function readFieldText(walk: MessageWalk, length: number, most = 65_536): Promise<string> {
  if (length > most) throw refusal(`${walk.fileName} is damaged: a text claims ${length} bytes`);
  await walk.cursor.need(length, 'a text');
  return walk.cursor.view(length).toString('utf8');
}

async function readVarint({ cursor, fileName }: MessageWalk): Promise<bigint> {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (!cursor.has(1)) await cursor.need(1, 'a number');
    const byte = cursor.uint8();
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw refusal(`${fileName} is damaged: a number has no end at byte ${cursor.position}`);
}
