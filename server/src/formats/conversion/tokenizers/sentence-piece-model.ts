import { createByteCursor } from '../../bytes/byte-cursor.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import type { JsonRecord } from '../../json-value.ts';
import { type MessageWalk, readFieldText, walkMessage } from '../../onnx/protobuf-walk.ts';
import { refusal } from '../../refuse-files.ts';

const mostBytes = 64 * 1024 * 1024;

interface Piece {
  readonly text: string;
  readonly score: number;
  /** 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
  readonly type: number;
}

/** A SentencePiece model. */
interface PieceModel {
  readonly pieces: Piece[];
  /** 1: the likeliest pieces (unigram); 2: pairs. */
  kind: number;
  characterMap: string;
  prependsSpace: boolean;
}

/**
 * A SentencePiece model in the form of `tokenizer.json`; of pairs, each piece has its score instead of merges. Throws
 * `model.refused` for kinds that no engine here has. Source: `sentencepiece_model.proto`.
 */
export async function readSentencePiece(
  source: ByteSource,
): Promise<JsonRecord & { readonly added_tokens: readonly JsonRecord[] }> {
  if (source.sizeBytes > mostBytes) throw refusal(`${source.name} is larger than such a file can be`);
  const model = await readModel(source);
  const { pieces, kind, characterMap, prependsSpace } = model;
  if (pieces.length === 0) throw refusal(`${source.name} has no pieces`);
  if (kind !== 1 && kind !== 2)
    throw refusal(`${source.name} splits texts into words or characters, which cannot be converted`);
  const special = pieces.flatMap(({ text, type }, id) =>
    type === 3 || type === 4 ? [{ id, content: text, special: type === 3 }] : [],
  );
  const unknown = pieces.findIndex(({ type }) => type === 2);
  const map = { type: 'Precompiled', precompiled_charsmap: characterMap };
  const prepend = { type: 'Metaspace', prepend_scheme: prependsSpace ? 'always' : 'never' };
  return {
    added_tokens: special,
    normalizer: characterMap === '' ? null : map,
    pre_tokenizer: prepend,
    model:
      kind === 1
        ? { type: 'Unigram', unk_id: unknown, vocab: pieces.map(({ text, score }) => [text, score]) }
        : {
            type: 'BPE',
            byte_fallback: true,
            unk_token: pieces[unknown]?.text ?? null,
            vocab: Object.fromEntries(pieces.map(({ text }, id) => [text, id])),
            scores: pieces.map(({ score }) => score),
          },
  };
}

async function readModel(source: ByteSource): Promise<PieceModel> {
  const model: PieceModel = { pieces: [], kind: 1, characterMap: '', prependsSpace: true };
  const bytes = await source.read(0, source.sizeBytes);
  const cursor = createByteCursor(source, 0, source.sizeBytes);
  const walk: MessageWalk = { cursor, fileName: source.name, fieldsLeft: 8_000_000 };
  await walkMessage(walk, source.sizeBytes, 0, async (field) => {
    if (field.kind !== 'length') return;
    const end = cursor.position + field.length;
    if (field.number === 1) model.pieces.push(await readPiece(walk, end, bytes));
    if (field.number === 2)
      await walkMessage(walk, end, 1, (inner) => {
        if (inner.number === 3) model.kind = Number(inner.value);
      });
    if (field.number === 3)
      await walkMessage(walk, end, 1, (inner) => {
        if (inner.number === 3) model.prependsSpace = inner.value !== 0n;
        if (inner.number !== 2 || inner.kind !== 'length') return;
        const from = cursor.position;
        model.characterMap = bytes.toString('base64', from, from + inner.length);
      });
  });
  return model;
}

async function readPiece(walk: MessageWalk, end: number, bytes: Buffer): Promise<Piece> {
  let [text, score, type] = ['', 0, 1];
  await walkMessage(walk, end, 1, async (field) => {
    if (field.number === 1 && field.kind === 'length') text = await readFieldText(walk, field.length);
    if (field.number === 2 && field.kind === 'fixed32') score = bytes.readFloatLE(walk.cursor.position - 4);
    if (field.number === 3 && field.kind === 'varint') type = Number(field.value);
  });
  return { text, score, type };
}
