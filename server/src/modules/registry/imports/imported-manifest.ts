import type { ManifestFile, ModelManifest } from '@samovar/contract/worker-protocol';
import type { Inspection } from '../../../kernel/ports/model-inspector.ts';
import type { FetchedFile } from '../../../kernel/ports/model-source.ts';
import { parseManifest } from '../parse-manifest.ts';
import { convertedFolder } from './import-folder.ts';
import type { ImportRequest } from './import-request.ts';
import { pathInArchive } from './unpack-archives.ts';
import { isUploaded } from './uploaded-source.ts';

/**
 * The manifest of an imported model: what its files say, with what was known before, its name, its files by digest and
 * the pinned source. The same files asked for in the same way give the same manifest. Throws `model.manifest_invalid`.
 */
export function importedManifest(
  request: ImportRequest,
  { facts, needed }: Inspection,
  fetched: readonly FetchedFile[],
): ModelManifest {
  const { wanted, resolved, modelName } = request;
  const { license: knownLicense, ...known } = wanted.facts ?? {};
  const uploaded = isUploaded(request.source);
  const made = fetched.some(({ path }) => path.startsWith(`${convertedFolder}/`));
  // What was made here is nowhere else, and an address is none without the secret that it came with.
  const sources =
    uploaded || made || resolved === null || request.sealedSource !== null ? [] : [resolved.uri];
  const manifest = {
    schema: 'samovar.model/v1',
    title: modelName,
    description: '',
    ...facts,
    ...known,
    name: modelName,
    license: licenseOf(request, facts.license, knownLicense),
    ...(facts.lineage === undefined && {
      lineage: {
        source: uploaded ? `upload:${modelName}` : baseOf(resolved?.uri ?? request.source),
        revision: resolved?.revision ?? null,
        madeBy: madeByOf(request, made),
      },
    }),
    files: manifestFiles(
      fetched.filter(({ path }) => needed.includes(path)),
      singleFile(sources[0] ?? null, fetched),
    ),
    sources,
  };
  return parseManifest(manifest, modelName);
}

/** How a version was made of the original weights. */
function madeByOf({ wanted }: ImportRequest, made: boolean): string {
  if (!made) return 'import';
  return wanted.quantization === undefined ? 'convert' : 'quantise';
}

/** A source that is one file needs no path in it. */
function singleFile(source: string | null, fetched: readonly FetchedFile[]): boolean {
  const [only] = fetched;
  return source !== null && fetched.length === 1 && only !== undefined && source.endsWith(`/${only.path}`);
}

function manifestFiles(files: readonly FetchedFile[], single: boolean): ManifestFile[] {
  const names = new Set<string>();
  return files.map(({ path, sizeBytes, sha256 }) => {
    const made = path.startsWith(`${convertedFolder}/`);
    const inSource = made ? path.slice(convertedFolder.length + 1) : pathInArchive(path);
    const name = nameFor(inSource, names);
    names.add(name);
    return { name, sizeBytes, sha256, pathInSource: single || made ? '' : inSource };
  });
}

/** Engines know files by name, not by folder. Where two have the same, the folder goes before it. */
function nameFor(path: string, taken: ReadonlySet<string>): string {
  const parts = path.split('/');
  for (let kept = 1; kept <= parts.length; kept += 1) {
    const name = parts
      .slice(-kept)
      .join('-')
      .replace(/[^A-Za-z0-9._-]/g, '_')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(-255);
    if (name !== '' && !taken.has(name)) return name;
  }
  return `${taken.size}-${parts.at(-1)?.replace(/[^A-Za-z0-9._-]/g, '_') ?? 'file'}`.slice(-255);
}

function licenseOf(
  { terms, resolved }: ImportRequest,
  stated: ModelManifest['license'],
  known: { readonly id: string; readonly url?: string } | undefined,
): ModelManifest['license'] {
  const told = resolved?.license ?? null;
  const url = known?.url ?? stated.url ?? told?.url ?? undefined;
  const id = known?.id ?? (stated.id === 'unknown' || stated.id === '' ? (told?.id ?? 'unknown') : stated.id);
  return {
    id,
    source: known ? 'The catalogue' : stated.source,
    ...(url?.startsWith('https://') && { url }),
    ...((terms !== null || stated.acceptance === true) && { acceptance: true }),
  };
}

/** The source without revision, quantisation and path: whatever was made of it has the same. */
function baseOf(uri: string): string {
  const match = /^(hf:[^/@:]+\/[^/@:]+)/.exec(uri);
  return match?.[1] ?? uri;
}
