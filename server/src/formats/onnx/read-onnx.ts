import { createByteCursor } from '../bytes/byte-cursor.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { refusal } from '../refuse-files.ts';
import { type MessageWalk, readFieldText, walkMessage } from './protobuf-walk.ts';
import { type OnnxGraph, readGraph } from './read-graph.ts';

export interface OnnxModel extends OnnxGraph {
  readonly producer: string;
  /** Versions of operator sets by their domain; the standard one is the empty text. */
  readonly operatorSets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Protocol buffers end at 2 GB; larger weights lie in other files. */
const mostBytes = 2 ** 31;
const mostFields = 20_000_000;

/**
 * Reads what an ONNX file says of its model, without its weights. Throws `model.refused` for what is none, or is cut.
 * Source: the numbers of onnx.proto (`ModelProto`).
 */
export async function readOnnx(source: ByteSource): Promise<OnnxModel> {
  const { name } = source;
  if (source.sizeBytes > mostBytes) throw refusal(`${name} is larger than an ONNX file can be`);
  const cursor = createByteCursor(source, 0, source.sizeBytes);
  const walk: MessageWalk = { cursor, fileName: name, fieldsLeft: mostFields };
  let irVersion = 0n;
  let producer = '';
  const found: { graph: OnnxGraph | null } = { graph: null };
  const operatorSets = new Map<string, number>();
  const metadata = new Map<string, string>();
  const functionDomains = new Set<string>();
  await walkMessage(walk, source.sizeBytes, 0, async (field) => {
    const end = cursor.position + field.length;
    if (field.number === 1) irVersion = field.value;
    else if (field.kind !== 'length') return;
    else if (field.number === 2) producer = await readFieldText(walk, field.length);
    else if (field.number === 7) {
      if (found.graph !== null) throw refusal(`${name} is damaged: it has two graphs`);
      found.graph = await readGraph(walk, end, 1);
    } else if (field.number === 8) {
      const [domain, version] = await readPair(walk, end);
      operatorSets.set(domain, Number(version));
    } else if (field.number === 14) {
      const [key, value] = await readPair(walk, end);
      metadata.set(key, String(value));
    } else if (field.number === 25) functionDomains.add(await readFunctionDomain(walk, end));
  });
  const { graph } = found;
  if (graph === null || irVersion < 1n || irVersion > 100n) throw refusal(`${name} is no ONNX file`);
  if (operatorSets.size === 0) throw refusal(`${name} is truncated: it does not say which operators it uses`);
  const domains = new Set([...graph.domains].filter((domain) => !functionDomains.has(domain)));
  return { ...graph, domains, producer, operatorSets, metadata };
}

/** `OperatorSetIdProto` and `StringStringEntryProto`: a text and a text or number. */
async function readPair(walk: MessageWalk, end: number): Promise<[string, string | bigint]> {
  let first = '';
  let second: string | bigint = '';
  await walkMessage(walk, end, 1, async (field) => {
    if (field.number === 1 && field.kind === 'length') first = await readFieldText(walk, field.length);
    if (field.number !== 2) return;
    second = field.kind === 'length' ? await readFieldText(walk, field.length, 1024 * 1024) : field.value;
  });
  return [first, second];
}

async function readFunctionDomain(walk: MessageWalk, end: number): Promise<string> {
  let domain = '';
  await walkMessage(walk, end, 1, async (field) => {
    if (field.number === 10 && field.kind === 'length') domain = await readFieldText(walk, field.length);
  });
  return domain;
}
