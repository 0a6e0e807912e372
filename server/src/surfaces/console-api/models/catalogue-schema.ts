import { catalogueGroups } from '@samovar/contract/catalogue-entry';
import Type from 'typebox';
import type { Recommendation } from '../../../modules/registry/index.ts';

const closed = { additionalProperties: false } as const;
const nothing = Type.Null();
const textOrNull = Type.Union([Type.String(), nothing]);
const countOrNull = Type.Union([Type.Integer(), nothing]);

const entry = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    description: Type.String(),
    groups: Type.Array(Type.String()),
    task: Type.String(),
    packaged: Type.Boolean({
      description: 'Its files are pinned by this release, and it is registered already.',
    }),
    source: Type.String(),
    publisher: textOrNull,
    parameters: Type.Integer(),
    activeParameters: countOrNull,
    quantization: textOrNull,
    contextTokens: countOrNull,
    engine: Type.Union([Type.String(), nothing], {
      description: '`null`: nothing in this release runs it, so it is never recommended.',
    }),
    languages: Type.Array(Type.String()),
    license: Type.Object({ id: Type.String(), url: textOrNull, acceptance: Type.Boolean() }, closed),
    memory: Type.Object(
      {
        fits: Type.Boolean(),
        neededBytes: Type.Integer(),
        budgetBytes: countOrNull,
        explanation: Type.String(),
      },
      closed,
    ),
    recommended: Type.Boolean({ description: 'It runs here: an engine has it, and its memory fits.' }),
    state: Type.Union([Type.Enum(['registered', 'importing', 'ready', 'failed']), nothing], {
      description: 'Of the model of this name in your project; `null` where there is none.',
    }),
  },
  closed,
);

const example = {
  name: 'qwen3-0.6b',
  title: 'Qwen3 0.6B',
  description: 'The smallest of its family: thinks before it answers, and runs on any machine.',
  groups: ['chat', 'reasoning', 'multilingual', 'tools'],
  task: 'chat',
  packaged: false,
  source: 'hf:Qwen/Qwen3-0.6B-GGUF:Q8_0',
  publisher: 'Alibaba Cloud',
  parameters: 596049920,
  activeParameters: null,
  quantization: 'Q8_0',
  contextTokens: 32768,
  engine: 'llama-cpp',
  languages: [],
  license: { id: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0', acceptance: false },
  memory: {
    fits: true,
    neededBytes: 4659848384,
    budgetBytes: 5800000000,
    explanation: 'fits with 8k context and 4 parallel requests: 4.7 of 5.8 GB (estimated)',
  },
  recommended: true,
  state: null,
};

export const catalogueList = Type.Object(
  { items: Type.Array(entry) },
  { ...closed, examples: [{ items: [example] }] },
);

export const catalogueQuery = Type.Object(
  {
    group: Type.Optional(Type.Enum([...catalogueGroups])),
    recommended: Type.Optional(
      Type.Boolean({ description: 'Only what runs on this installation’s machines.' }),
    ),
    name: Type.Optional(Type.String({ description: 'Only the entry of this name.' })),
  },
  closed,
);

export function catalogueEntryOf(
  { item, memory, recommended }: Recommendation,
  state: 'registered' | 'importing' | 'ready' | 'failed' | null,
): Type.Static<typeof entry> {
  return {
    name: item.name,
    title: item.title,
    description: item.description,
    groups: [...item.groups],
    task: item.task,
    packaged: item.packaged,
    source: item.source,
    publisher: item.publisher,
    parameters: item.parameters,
    activeParameters: item.activeParameters,
    quantization: item.quantization,
    contextTokens: item.contextTokens,
    engine: item.engine,
    languages: [...item.languages],
    license: { ...item.license },
    memory: {
      fits: memory.fits,
      neededBytes: memory.neededBytes,
      budgetBytes: memory.budgetBytes,
      explanation: memory.explanation,
    },
    recommended,
    state,
  };
}
