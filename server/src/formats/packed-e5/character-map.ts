/** What a code point becomes before a text is split into tokens. */
export interface CharacterReplacement {
  readonly codePoint: number;
  /** Empty: it is left out. */
  readonly text: string;
}

interface TrieNode {
  readonly children: Map<number, TrieNode>;
  /** Where the replacement begins; `null` when no key ends here. */
  value: number | null;
}

const blockUnits = 256;
const valueFlag = 0x8000_0000;
const leafFlag = 0x100;

/**
 * The character map of a SentencePiece model as GGUF stores it (`tokenizer.ggml.precompiled_charsmap`): the length of a
 * double array in bytes, the array, and the replacements, each with a zero behind it. The array is laid out as
 * Darts-clone does it: a unit has its label in bits 0–7, bit 8 when a key ends there, and from bit 10 on the
 * exclusive-or between its index and that of its children's block; no two blocks begin at the same index.
 */
export function encodeCharacterMap(replacements: readonly CharacterReplacement[]): Buffer {
  const root: TrieNode = { children: new Map(), value: null };
  const texts: Buffer[] = [];
  const known = new Map<string, number>();
  let length = 0;
  for (const { codePoint, text } of replacements) {
    // A zero ends a text: it can neither be looked for nor be put in.
    if (codePoint === 0 || text.includes('\0')) continue;
    let at = known.get(text);
    if (at === undefined) {
      at = length;
      known.set(text, at);
      const bytes = Buffer.from(`${text}\0`, 'utf8');
      texts.push(bytes);
      length += bytes.length;
    }
    insert(root, Buffer.from(String.fromCodePoint(codePoint), 'utf8'), at);
  }
  const array = layOut(root);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(array.length);
  return Buffer.concat([size, array, ...texts]);
}

function insert(root: TrieNode, key: Buffer, value: number): void {
  let node = root;
  for (const byte of key) {
    let next = node.children.get(byte);
    if (next === undefined) {
      next = { children: new Map(), value: null };
      node.children.set(byte, next);
    }
    node = next;
  }
  node.value = value;
}

function layOut(root: TrieNode): Buffer {
  const units: number[] = [];
  const used = new Set<number>([0]);
  const bases = new Set<number>();
  let firstFree = 1;
  const findBase = (labels: readonly number[]): number => {
    const [first = 0] = labels;
    while (used.has(firstFree)) firstFree += 1;
    for (let slot = firstFree; ; slot += 1) {
      const base = slot ^ first;
      if (!bases.has(base) && labels.every((label) => !used.has(base ^ label))) return base;
    }
  };
  const place = (node: TrieNode, index: number, label: number): void => {
    const labels = [...node.children.keys()].sort((a, b) => a - b);
    if (node.value !== null) labels.unshift(0);
    const base = findBase(labels);
    bases.add(base);
    for (const each of labels) used.add(base ^ each);
    units[index] = encodeUnit(base ^ index, label, node.value !== null);
    if (node.value !== null) units[base] = (node.value | valueFlag) >>> 0;
    for (const [each, child] of node.children) place(child, base ^ each, each);
  };
  place(root, 0, 0);
  // A look-up may step anywhere within the block of a base: the blocks must be there as a whole.
  const last = Math.max(units.length, ...[...bases].map((base) => base + 1));
  const array = Buffer.alloc(Math.ceil(last / blockUnits) * blockUnits * 4);
  for (const [index, unit] of units.entries()) if (unit !== undefined) array.writeUInt32LE(unit, index * 4);
  return array;
}

function encodeUnit(offset: number, label: number, isLeaf: boolean): number {
  if (offset >= 2 ** 21) throw new Error('there are too many characters for such a map');
  return ((offset << 10) | label | (isLeaf ? leafFlag : 0)) >>> 0;
}
