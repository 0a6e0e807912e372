import type { CatalogueEntry } from '@samovar/contract/catalogue-entry';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { KnownFacts, WantedImport } from '../imports/import-request.ts';

/** A model that can be had: packaged with this release (registered at every start), or an entry that names a source. */
export interface CatalogueItem {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly groups: readonly string[];
  readonly task: CatalogueEntry['task'];
  /** Its files are pinned by this release. */
  readonly packaged: boolean;
  readonly source: string;
  readonly publisher: string | null;
  readonly parameters: number;
  readonly activeParameters: number | null;
  readonly quantization: string | null;
  readonly contextTokens: number | null;
  /** `null`: nothing in this release runs it. */
  readonly engine: ModelManifest['engine'] | null;
  readonly languages: readonly string[];
  readonly license: { readonly id: string; readonly url: string | null; readonly acceptance: boolean };
  readonly memory: {
    readonly weightsBytes: number;
    /** Computed from parameters and quantisation. */
    readonly estimated: boolean;
    readonly perTokenBytes: number;
    /** `null` where nobody counted them. */
    readonly vocabularyTokens: number | null;
  };
  readonly capabilities: readonly string[];
  /** What an import of it takes over from the entry. */
  readonly wanted: WantedImport;
}

export function itemOfManifest(manifest: ModelManifest): CatalogueItem {
  return {
    name: manifest.name,
    title: manifest.title,
    description: manifest.description,
    groups: manifest.groups ?? [manifest.task === 'embedding' ? 'embeddings' : 'chat'],
    task: manifest.task,
    packaged: true,
    source: manifest.sources[0] ?? '',
    publisher: null,
    parameters: manifest.parameters,
    activeParameters: null,
    quantization: manifest.quantization,
    contextTokens: manifest.contextTokens,
    engine: manifest.engine,
    languages: manifest.languages,
    license: {
      id: manifest.license.id,
      url: manifest.license.url ?? null,
      acceptance: manifest.license.acceptance ?? false,
    },
    memory: {
      weightsBytes: manifest.memory.weightsBytes,
      estimated: false,
      perTokenBytes: Math.round(manifest.memory.perSequenceBytes / manifest.contextTokens),
      vocabularyTokens: manifest.memory.vocabularyTokens ?? null,
    },
    capabilities: manifest.capabilities,
    wanted: {},
  };
}

export function itemOfEntry(entry: CatalogueEntry): CatalogueItem {
  const quantization = entry.quantization ?? null;
  return {
    name: entry.name,
    title: entry.title,
    description: entry.description,
    groups: entry.groups,
    task: entry.task,
    packaged: false,
    source: entry.source,
    publisher: entry.publisher,
    parameters: entry.parameters,
    activeParameters: entry.activeParameters ?? null,
    quantization,
    contextTokens: entry.contextTokens ?? null,
    engine: entry.engine ?? null,
    languages: entry.languages ?? [],
    license: entry.license,
    memory: {
      weightsBytes: entry.memory?.weightsBytes ?? Math.round((entry.parameters * bitsOf(quantization)) / 8),
      estimated: entry.memory?.weightsBytes === undefined,
      perTokenBytes: entry.memory?.perTokenBytes ?? 0,
      vocabularyTokens: null,
    },
    capabilities: entry.toolCalls !== undefined && entry.toolCalls !== 'none' ? ['tools'] : [],
    wanted: { facts: factsOf(entry), licenseNeedsAcceptance: entry.license.acceptance },
  };
}

function factsOf(entry: CatalogueEntry): KnownFacts {
  return {
    title: entry.title,
    description: entry.description,
    groups: entry.groups,
    ...(entry.languages && { languages: entry.languages }),
    ...(entry.toolCalls && { toolCalls: entry.toolCalls }),
    ...(entry.reasoning && { reasoning: entry.reasoning }),
    license: { id: entry.license.id, url: entry.license.url },
  };
}

/** Bits of a weight, scales and the layers that are kept finer included, as files of these kinds have on average. */
const bitsOfQuantization: Readonly<Record<string, number>> = {
  Q2_K: 3.2,
  Q3_K_M: 4,
  Q4_0: 4.6,
  Q4_1: 5.1,
  Q4_K_M: 4.9,
  Q5_K_M: 5.7,
  Q6_K: 6.6,
  Q8_0: 8.5,
  MXFP4: 4.4,
  INT8: 8,
  F16: 16,
  BF16: 16,
};

/** Weights that nothing is said of are taken as 16 bits, which is how most are published. */
function bitsOf(quantization: string | null): number {
  return bitsOfQuantization[quantization?.toUpperCase() ?? 'BF16'] ?? 16;
}
