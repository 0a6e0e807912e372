import { arch } from 'node:os';
import { isRecord } from '../read-document.ts';

export interface OciLayer {
  readonly mediaType: string;
  /** Hex of its SHA-256. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly annotations: Readonly<Record<string, unknown>>;
}

export interface OciManifest {
  readonly layers: readonly OciLayer[];
  readonly annotations: Readonly<Record<string, unknown>>;
  /** It is the file system of a container, not an artefact. */
  readonly isContainer: boolean;
}

const mostLayers = 1000;

/** What registries are asked for: manifests and lists of them, by either name. */
export const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** A manifest, or the digest of the one that a list of manifests has for this machine. */
export function readOciManifest(
  document: Readonly<Record<string, unknown>>,
): OciManifest | { readonly digest: string } {
  if (Array.isArray(document.manifests)) return { digest: chosenDigest(document.manifests.filter(isRecord)) };
  if (!Array.isArray(document.layers)) throw new Error('the registry sent no manifest that is known here');
  if (document.layers.length > mostLayers) throw new Error(`it has more than ${mostLayers} layers`);
  const config = isRecord(document.config) ? String(document.config.mediaType ?? '') : '';
  const layers = document.layers.filter(isRecord).map(layerOf);
  return {
    layers,
    annotations: isRecord(document.annotations) ? document.annotations : {},
    isContainer:
      /^application\/vnd\.(oci\.image\.config|docker\.container\.image)\.v1\+json$/.test(config) &&
      layers.some(({ mediaType }) => /\.layer\.|\.rootfs\./.test(mediaType)),
  };
}

function layerOf(layer: Readonly<Record<string, unknown>>): OciLayer {
  const [, sha256] = /^sha256:([0-9a-f]{64})$/.exec(String(layer.digest)) ?? [];
  if (sha256 === undefined) throw new Error('a layer has no SHA-256 digest');
  const { size } = layer;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new Error('a layer does not tell its size');
  return {
    mediaType: String(layer.mediaType ?? ''),
    sha256,
    sizeBytes: size,
    annotations: isRecord(layer.annotations) ? layer.annotations : {},
  };
}

/** Attestations beside images have no platform; models mostly have one manifest only. */
function chosenDigest(manifests: readonly Readonly<Record<string, unknown>>[]): string {
  const platformOf = (entry: Readonly<Record<string, unknown>>) =>
    isRecord(entry.platform) ? entry.platform : {};
  const real = manifests.filter((entry) => platformOf(entry).os !== 'unknown');
  const own = arch() === 'x64' ? 'amd64' : arch();
  const chosen = real.find((entry) => platformOf(entry).architecture === own) ?? real[0];
  const digest = String(chosen?.digest);
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error('the list of manifests names none');
  return digest;
}
