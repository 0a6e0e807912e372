import { SamovarError } from '../../kernel/errors.ts';
import { createByteCursor } from '../bytes/byte-cursor.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { type MessageWalk, walkMessage } from '../onnx/protobuf-walk.ts';

const mostBytes = 64 * 1024 * 1024;

/**
 * Whether a protocol buffer is a SentencePiece vocabulary: it begins with pieces (field 1), each a message with a text
 * (field 1), where an ONNX file begins with a number.
 */
export async function isSentencePiece(source: ByteSource): Promise<boolean> {
  if (source.sizeBytes > mostBytes) return false;
  const cursor = createByteCursor(source, 0, source.sizeBytes);
  const walk: MessageWalk = { cursor, fileName: source.name, fieldsLeft: 8_000_000 };
  let pieces = 0;
  let others = 0;
  try {
    await walkMessage(walk, source.sizeBytes, 0, (field) => {
      if (field.number === 1 && field.kind === 'length') pieces += 1;
      else others += 1;
    });
  } catch (error) {
    if (error instanceof SamovarError) return false;
    throw error;
  }
  return pieces > 1 && others < 16;
}
