import { refusal } from '../refuse-files.ts';
import { type MessageWalk, readFieldText, walkMessage } from './protobuf-walk.ts';
import { type ExternalData, emptyTensorFacts, readTensor, type TensorFacts } from './read-tensor.ts';

/** An input or output of a graph. */
export interface OnnxValue {
  readonly name: string;
  /** Number of `TensorProto.DataType`; 0 when it is no tensor. */
  readonly elementType: number;
  /** `null` for a dimension that is free. */
  readonly dimensions: readonly (number | null)[];
}

export interface OnnxGraph {
  /** Without those that have a value in the file. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Elements of all weights, and their bytes by the number of their type. */
  readonly parameters: number;
  readonly weightBytes: ReadonlyMap<number, number>;
  readonly nodes: number;
  /** Domains of the operators; the standard one is the empty text. */
  readonly domains: ReadonlySet<string>;
  readonly external: readonly ExternalData[];
}

interface Gathered extends TensorFacts {
  readonly inputs: OnnxValue[];
  readonly outputs: OnnxValue[];
  readonly initialized: Set<string>;
  readonly domains: Set<string>;
  nodes: number;
}

const mostValues = 4096;

/** Reads a `GraphProto` that ends at `end`, with the graphs inside its nodes. */
export async function readGraph(walk: MessageWalk, end: number, depth: number): Promise<OnnxGraph> {
  const gathered: Gathered = {
    ...emptyTensorFacts(),
    inputs: [],
    outputs: [],
    initialized: new Set(),
    domains: new Set(),
    nodes: 0,
  };
  await gatherGraph(walk, end, depth, gathered);
  return {
    inputs: gathered.inputs.filter((input) => !gathered.initialized.has(input.name)),
    outputs: gathered.outputs,
    parameters: gathered.parameters,
    weightBytes: gathered.weightBytes,
    nodes: gathered.nodes,
    domains: gathered.domains,
    external: gathered.external,
  };
}

async function gatherGraph(walk: MessageWalk, end: number, depth: number, gathered: Gathered): Promise<void> {
  const top = depth === 1;
  await walkMessage(walk, end, depth, async (field) => {
    if (field.kind !== 'length') return;
    const fieldEnd = walk.cursor.position + field.length;
    if (field.number === 1) await gatherNode(walk, fieldEnd, depth + 1, gathered);
    else if (field.number === 5) {
      const name = await readTensor(walk, fieldEnd, depth + 1, gathered);
      if (top) gathered.initialized.add(name);
    } else if (top && (field.number === 11 || field.number === 12)) {
      const list = field.number === 11 ? gathered.inputs : gathered.outputs;
      if (list.length >= mostValues + gathered.initialized.size)
        throw refusal(`${walk.fileName} is not plausible: it has more than ${mostValues} inputs or outputs`);
      list.push(await readValue(walk, fieldEnd, depth + 1));
    }
  });
}

/** `NodeProto`: its domain, and what hangs below its attributes. */
async function gatherNode(walk: MessageWalk, end: number, depth: number, gathered: Gathered): Promise<void> {
  gathered.nodes += 1;
  let domain = '';
  await walkMessage(walk, end, depth, async (field) => {
    if (field.kind !== 'length') return;
    const fieldEnd = walk.cursor.position + field.length;
    if (field.number === 7) domain = await readFieldText(walk, field.length);
    if (field.number === 5) await gatherAttribute(walk, fieldEnd, depth + 1, gathered);
  });
  gathered.domains.add(domain === 'ai.onnx' ? '' : domain);
}

async function gatherAttribute(
  walk: MessageWalk,
  end: number,
  depth: number,
  gathered: Gathered,
): Promise<void> {
  await walkMessage(walk, end, depth, async (field) => {
    if (field.kind !== 'length') return;
    const fieldEnd = walk.cursor.position + field.length;
    // 5 and 10: tensors; 6 and 11: graphs.
    if (field.number === 5 || field.number === 10) await readTensor(walk, fieldEnd, depth + 1, gathered);
    if (field.number === 6 || field.number === 11) await gatherGraph(walk, fieldEnd, depth + 1, gathered);
  });
}

/** `ValueInfoProto` → `TypeProto` → `Tensor` → `TensorShapeProto`. */
async function readValue(walk: MessageWalk, end: number, depth: number): Promise<OnnxValue> {
  let name = '';
  let elementType = 0;
  const dimensions: (number | null)[] = [];
  const inside = (visit: Parameters<typeof walkMessage>[3], level: number) => (length: number) =>
    walkMessage(walk, walk.cursor.position + length, depth + level, visit);
  const dimension = inside((field) => {
    if (field.number === 1 && field.kind === 'varint')
      dimensions[dimensions.length - 1] = Number(field.value);
  }, 4);
  const shape = inside(async (field) => {
    if (field.number !== 1 || field.kind !== 'length') return;
    if (dimensions.length >= 64)
      throw refusal(`${walk.fileName} is damaged: a shape has too many dimensions`);
    dimensions.push(null);
    await dimension(field.length);
  }, 3);
  const tensor = inside(async (field) => {
    if (field.number === 1 && field.kind === 'varint') elementType = Number(field.value);
    if (field.number === 2 && field.kind === 'length') await shape(field.length);
  }, 2);
  const type = inside(async (field) => {
    if (field.number === 1 && field.kind === 'length') await tensor(field.length);
  }, 1);
  await walkMessage(walk, end, depth, async (field) => {
    if (field.kind !== 'length') return;
    if (field.number === 1) name = await readFieldText(walk, field.length);
    if (field.number === 2) await type(field.length);
  });
  return { name, elementType, dimensions };
}
