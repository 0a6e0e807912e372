import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { ModelFacts } from './remote-engine.ts';

/** What all engines that serve a model can do together. */
export interface SharedFacts {
  readonly task: 'chat' | 'embedding';
  readonly upstreamNames: readonly string[];
  readonly contextTokens: number;
  readonly parameters: number;
  readonly capabilities: ModelManifest['capabilities'];
  readonly dimensions: number | null;
  readonly parent: string | null;
}

/** `null` when no engine serves it. */
export function sharedFacts(models: readonly ModelFacts[]): SharedFacts | null {
  const [first, ...others] = models.filter(({ serving }) => serving);
  if (!first) return null;
  const all = [first, ...others];
  return {
    task: first.task,
    upstreamNames: [...new Set(all.map(({ upstreamName }) => upstreamName))].sort(),
    contextTokens: Math.min(...all.map(({ contextTokens }) => contextTokens)),
    parameters: Math.max(...all.map(({ parameters }) => parameters)),
    capabilities: [...first.capabilities]
      // Manifests tell what callers ask a model for.
      .filter((capability) => capability !== 'tokenize')
      .filter((capability) => others.every(({ capabilities }) => capabilities.includes(capability)))
      .sort(),
    dimensions: first.dimensions,
    parent: first.parent,
  };
}

/** The manifest of a version that connected engines serve: no files, and a revision that makes each change a version. */
export function remoteManifest(name: string, facts: SharedFacts, revision: number): ModelManifest {
  return {
    schema: 'samovar.model/v1',
    name,
    title: name,
    description: `Served by connected engines as ${facts.upstreamNames.join(', ')}.`,
    task: facts.task,
    modality: 'text',
    languages: ['und'],
    architecture: 'unknown',
    parameters: facts.parameters,
    quantization: 'unknown',
    engine: 'remote',
    engineOptions: { revision },
    contextTokens: facts.contextTokens,
    toolCalls: facts.capabilities.includes('tools') ? 'grammar' : 'none',
    reasoning: 'none',
    ...(facts.dimensions === null
      ? {}
      : {
          embedding: {
            dimensions: facts.dimensions,
            pooling: 'mean',
            normalize: false,
            trainedDimensions: [],
            tokenArrayEncoding: null,
          },
        }),
    capabilities: facts.capabilities,
    license: { id: 'LicenseRef-unknown', source: 'the owner of the connected engine knows it' },
    memory: { weightsBytes: 0, perSequenceBytes: 0 },
    ...(facts.parent === null ? {} : { note: `A LoRA adapter of ${facts.parent}.` }),
    files: [],
    sources: [],
  };
}

/** Whether two manifests say the same, their revisions aside. */
export function saysTheSame(left: ModelManifest, right: ModelManifest): boolean {
  return factsText(left) === factsText(right);
}

function factsText(manifest: ModelManifest): string {
  const { task, description, parameters, contextTokens, capabilities, embedding, note } = manifest;
  const sorted = [...capabilities].sort();
  return JSON.stringify([task, description, parameters, contextTokens, sorted, embedding?.dimensions, note]);
}
