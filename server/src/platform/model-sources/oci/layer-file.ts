import type { ArchiveForm } from '../archive/archive-form.ts';
import type { OciLayer } from './oci-manifest.ts';

/** What a layer holds: one file of a name, files packed together, or nothing that a model needs. */
export type LayerContent =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'archive'; readonly form: ArchiveForm }
  | { readonly kind: 'nothing'; readonly reason: string };

/** Annotations that name the file in a layer: of any artefact, and of the two generations of ModelPack. */
const nameAnnotations = [
  'org.opencontainers.image.title',
  'org.cncf.model.filepath',
  'org.cnai.model.filepath',
];

/** Layers that have a type instead of a name, by the end of that type: those of Ollama and of Docker. */
const namesByType: readonly (readonly [RegExp, string])[] = [
  [/ollama\.image\.model$/, 'model.gguf'],
  [/ollama\.image\.projector$/, 'mmproj.gguf'],
  [/ollama\.image\.adapter$/, 'adapter.gguf'],
  [/ollama\.image\.template$/, 'template.txt'],
  [/ollama\.image\.system$/, 'system.txt'],
  [/ollama\.image\.params$/, 'params.json'],
  [/ollama\.image\.messages$/, 'messages.json'],
  [/(ollama\.image|docker\.ai)\.license$/, 'LICENSE'],
  [/docker\.ai\.gguf\.v3(\.lora)?$/, 'model.gguf'],
  [/weight\.v1\.gguf$/, 'model.gguf'],
  [/(docker\.ai\.|weight\.v1\.)safetensors$/, 'model.safetensors'],
  [/docker\.ai\.mmproj$/, 'mmproj.gguf'],
  [/docker\.ai\.chat\.template\.jinja$/, 'chat_template.jinja'],
];

export function contentOfLayer({ mediaType, annotations }: OciLayer): LayerContent {
  if (/\b(dataset|code)\b/.test(mediaType)) return { kind: 'nothing', reason: 'data sets and code' };
  const name = nameAnnotations.map((key) => annotations[key]).find((value) => typeof value === 'string');
  const isUnpacked = String(annotations['io.deis.oras.content.unpack']) === 'true';
  // ORAS calls any file a layer of an image; what it packed it says.
  const isPlain = typeof name === 'string' && /oci\.image\.layer\.v1\.tar$/.test(mediaType) && !isUnpacked;
  const form = isPlain ? null : formOf(mediaType);
  if (form !== null) return { kind: 'archive', form };
  if (typeof name === 'string') return { kind: 'file', path: name.replace(/^\.?\//, '') };
  const known = namesByType.find(([type]) => type.test(mediaType))?.[1];
  return known === undefined
    ? { kind: 'nothing', reason: `layers of the type ${mediaType}` }
    : { kind: 'file', path: known };
}

function formOf(mediaType: string): ArchiveForm | null {
  if (/\btar[.+]gzip$/.test(mediaType)) return 'tar.gz';
  if (/\btar[.+]zstd$/.test(mediaType)) return 'tar.zst';
  return /\btar$/.test(mediaType) ? 'tar' : null;
}
