import { refusal } from '../refuse-files.ts';
import { type MessageWalk, readFieldText, readPacked, walkMessage } from './protobuf-walk.ts';

/** Weights that lie in another file. */
export interface ExternalData {
  /** As the file names it: to be checked before it is used. */
  readonly location: string;
  readonly offset: number;
  /** `null`: to the end of the file. */
  readonly length: number | null;
}

/** What the weights of a graph sum up to. */
export interface TensorFacts {
  parameters: number;
  readonly weightBytes: Map<number, number>;
  readonly external: ExternalData[];
}

export function emptyTensorFacts(): TensorFacts {
  return { parameters: 0, weightBytes: new Map(), external: [] };
}

/** Bits of an element by the number of `TensorProto.DataType`. */
const elementBits: Readonly<Record<number, number>> = {
  1: 32,
  2: 8,
  3: 8,
  4: 16,
  5: 16,
  6: 32,
  7: 64,
  9: 8,
  10: 16,
  11: 64,
  12: 32,
  13: 64,
  14: 64,
  15: 128,
  16: 16,
  17: 8,
  18: 8,
  19: 8,
  20: 8,
  21: 4,
  22: 4,
  23: 4,
};

const mostDimensions = 64;
const mostExternal = 100_000;

/** Adds a `TensorProto` that ends at `end` to what was gathered, and returns its name. Its values are skipped. */
export async function readTensor(
  walk: MessageWalk,
  end: number,
  depth: number,
  facts: TensorFacts,
): Promise<string> {
  let name = '';
  let dataType = 0;
  let isExternal = false;
  const dimensions: bigint[] = [];
  const external = new Map<string, string>();
  await walkMessage(walk, end, depth, async (field) => {
    const { number, kind, value, length } = field;
    if (number === 1 && kind === 'varint') dimensions.push(value);
    else if (number === 1 && kind === 'length')
      dimensions.push(...(await readPacked(walk, walk.cursor.position + length, mostDimensions)));
    else if (number === 2) dataType = Number(value);
    else if (number === 8 && kind === 'length') name = await readFieldText(walk, length);
    else if (number === 13 && kind === 'length')
      await readEntry(walk, walk.cursor.position + length, depth + 1, external);
    else if (number === 14) isExternal = value === 1n;
    if (dimensions.length > mostDimensions)
      throw refusal(`${walk.fileName} is damaged: a tensor has too many dimensions`);
  });
  const elements = dimensions.reduce((product, each) => product * Number(each), 1);
  const bits = elementBits[dataType] ?? 0;
  if (!Number.isSafeInteger(elements * Math.max(8, bits)))
    throw refusal(`${walk.fileName} is damaged: the tensor ${name} has an impossible shape`);
  facts.parameters += elements;
  facts.weightBytes.set(dataType, (facts.weightBytes.get(dataType) ?? 0) + Math.ceil((elements * bits) / 8));
  if (isExternal) {
    if (facts.external.length >= mostExternal)
      throw refusal(`${walk.fileName} is not plausible: too many tensors lie in other files`);
    facts.external.push(externalData(walk.fileName, name, external, Math.ceil((elements * bits) / 8)));
  }
  return name;
}

async function readEntry(
  walk: MessageWalk,
  end: number,
  depth: number,
  entries: Map<string, string>,
): Promise<void> {
  let key = '';
  let value = '';
  await walkMessage(walk, end, depth, async (field) => {
    if (field.kind !== 'length') return;
    if (field.number === 1) key = await readFieldText(walk, field.length);
    if (field.number === 2) value = await readFieldText(walk, field.length);
  });
  if (entries.size < 16) entries.set(key, value);
}

function externalData(
  fileName: string,
  tensor: string,
  entries: ReadonlyMap<string, string>,
  neededBytes: number,
): ExternalData {
  const location = entries.get('location') ?? '';
  const offset = Number(entries.get('offset') ?? 0);
  const length = entries.has('length') ? Number(entries.get('length')) : null;
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (location === '' || !isCount(offset) || (length !== null && (!isCount(length) || length < neededBytes)))
    throw refusal(`${fileName} is damaged: it does not say where the tensor ${tensor} lies`);
  return { location, offset, length: length ?? neededBytes };
}
