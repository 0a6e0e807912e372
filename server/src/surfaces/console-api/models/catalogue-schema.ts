import { catalogueGroups } from '@samovar/contract/catalogue-entry';
import Type from 'typebox';
import type { Recommendation } from '../../../modules/registry/index.ts';
import { pageObject, pageQuery } from '../page-query.ts';
import { catalogueExample } from './catalogue-examples.ts';

const closed = { additionalProperties: false } as const;
const nothing = Type.Null();
const textOrNull = Type.Union([Type.String(), nothing]);
const countOrNull = Type.Union([Type.Integer(), nothing]);

/** A catalogue is read whole. */
export const usualEntries = 1000;

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
  { ...closed, examples: [catalogueExample] },
);

export const catalogueList = pageObject(entry);

export const catalogueQuery = pageQuery(
  {
    group: Type.Optional(Type.Enum([...catalogueGroups])),
    recommended: Type.Optional(
      Type.Boolean({ description: 'Only what runs on this installation’s machines.' }),
    ),
    name: Type.Optional(Type.String({ description: 'Only the entry of this name.' })),
  },
  usualEntries,
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
