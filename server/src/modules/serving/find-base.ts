import { engineCapabilities } from '@samovar/contract/engine-capabilities';
import type { AdapterFacts, ModelManifest } from '@samovar/contract/worker-protocol';
import type { ServedModel } from '../registry/index.ts';

type Candidate = Pick<ServedModel, 'versionId' | 'projectId' | 'manifest'>;

/**
 * Whether a model is made of the weights that an adapter was trained on: its lineage (or, without one, a source of its
 * own) names the same source and revision, whatever its format or quantisation. A revision that one side does not know
 * is no contradiction.
 */
export function lineageFits(
  base: AdapterFacts['base'],
  manifest: Pick<ModelManifest, 'architecture' | 'sources' | 'lineage'>,
): boolean {
  if (base.source === null) return false;
  // PEFT does not tell it.
  if (!['', 'unknown', manifest.architecture].includes(base.architecture)) return false;
  const wanted = splitSource(base.source);
  const revision = base.revision ?? wanted.revision;
  const own =
    manifest.lineage === undefined
      ? manifest.sources.map(splitSource)
      : [
          {
            ...splitSource(manifest.lineage.source),
            ...(manifest.lineage.revision && { revision: manifest.lineage.revision }),
          },
        ];
  return own.some(
    (source) =>
      source.name === wanted.name &&
      (revision === null || source.revision === null || source.revision === revision),
  );
}

/** `hf:Owner/Name@rev` and `owner/name` are one source. */
function splitSource(source: string): { readonly name: string; readonly revision: string | null } {
  const at = source.lastIndexOf('@');
  const name = at > 0 ? source.slice(0, at) : source;
  return {
    name: name.replace(/^hf:/, '').toLowerCase(),
    revision: at > 0 ? source.slice(at + 1) : null,
  };
}

/** The versions of the adapter's project that it can run on by its lineage, the newest first. */
export function basesOf<Model extends Candidate>(
  adapter: Candidate,
  models: readonly Model[],
): readonly Model[] {
  const facts = adapter.manifest.adapter;
  if (facts === undefined) return [];
  return models
    .filter(
      (model) =>
        model.projectId === adapter.projectId &&
        model.manifest.adapter === undefined &&
        engineCapabilities[model.manifest.engine].adapters &&
        lineageFits(facts.base, model.manifest),
    )
    .toSorted((a, b) => (a.versionId < b.versionId ? 1 : -1));
}

/** Why no model of the project can carry the adapter. */
export function noBaseReason({ manifest }: Candidate): string {
  const base = manifest.adapter?.base;
  const name = base?.source ?? `an unnamed model of the architecture ${base?.architecture ?? '?'}`;
  const revision = base?.revision ? ` (revision ${base.revision})` : '';
  return `it is a LoRA adapter of ${name}${revision}, and no ready model of the project is made of that; import its base, or name another one with \`base\` and \`force\``;
}
