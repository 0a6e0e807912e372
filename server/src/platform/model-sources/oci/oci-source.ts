import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResolveOptions, SourceFile } from '../../../kernel/ports/model-source.ts';
import type { ArchiveForm } from '../archive/archive-form.ts';
import { archiveMembers } from '../archive/archive-members.ts';
import { extractMember, type StoredArchive } from '../archive/extract-member.ts';
import { createSharedFetches } from '../archive/shared-fetches.ts';
import { kindOfFile } from '../choice/file-kind.ts';
import { checkedSourcePath } from '../choice/source-path.ts';
import { downloadFile } from '../download/download-file.ts';
import type { Downloader } from '../download/wanted-file.ts';
import type { SchemeSource } from '../scheme-source.ts';
import { contentOfLayer } from './layer-file.ts';
import type { OciLayer, OciManifest } from './oci-manifest.ts';
import type { OciRegistry } from './oci-registry.ts';
import { type OciReference, ociUri, parseOciSource } from './parse-oci-source.ts';

export interface OciSourceOptions {
  /** The client of a registry. */
  registryOf(registry: string): Promise<OciRegistry>;
  readonly downloader: Downloader;
}

interface PackedLayer {
  readonly sha256: string;
  readonly form: ArchiveForm;
  /** Only what lies below is of the model; its `/` included. */
  readonly within: string;
}

interface Contents {
  readonly files: readonly SourceFile[];
  readonly notes: readonly string[];
}

/** Files of container images that are models lie here, by a convention of those who mount them. */
const containerFolder = 'models/';

/** `oci:registry/name[:tag|@sha256:…]`: artefacts of registries, each layer a file or files packed together. */
export function createOciSource({ registryOf, downloader }: OciSourceOptions): SchemeSource {
  /** Packed layers that this process has seen to be whole, as they were then. */
  const verified = new Map<string, string>();
  const share = createSharedFetches();

  async function fetchPacked(
    source: OciReference,
    layer: OciLayer,
    form: ArchiveForm,
    options: ResolveOptions & { readonly signal: AbortSignal },
  ): Promise<StoredArchive> {
    const path = join(options.archives, `oci-${layer.sha256}`);
    return await share(path, () => fetchLayer(source, layer, { path, form }, options));
  }

  async function fetchLayer(
    source: OciReference,
    { sha256, sizeBytes }: OciLayer,
    { path, form }: { readonly path: string; readonly form: ArchiveForm },
    options: ResolveOptions & { readonly signal: AbortSignal },
  ): Promise<StoredArchive> {
    const uri = ociUri(source, `sha256:${sha256}`);
    if (verified.get(path) === undefined || verified.get(path) !== (await identityOf(path))) {
      const wanted = { path: `layer ${sha256}`, uri, sizeBytes, sha256, tag: null };
      const bytes = (await registryOf(source.registry)).blob(source, sha256);
      await downloadFile(downloader, bytes, wanted, path, {
        signal: options.signal,
        onProgress: (done) => options.onProgress?.(done, sizeBytes),
      });
      remember(verified, path, await identityOf(path));
    }
    return { path, form, sizeBytes, uri };
  }

  async function contentsOf(
    source: OciReference,
    manifest: OciManifest,
    options: ResolveOptions & { readonly signal: AbortSignal },
  ): Promise<Contents> {
    const files = new Map<string, SourceFile>();
    const reasons = new Set<string>();
    const add = (file: SourceFile) => {
      const kind = kindOfFile(file.path);
      if (kind === 'weights' || kind === 'text') files.set(unusedPath(files, file.path), file);
      else if (kind !== 'other') reasons.add(file.path);
    };
    for (const layer of manifest.layers) {
      const content = contentOfLayer(layer);
      if (content.kind === 'nothing') reasons.add(content.reason);
      else if (content.kind === 'file')
        add({ path: checkedSourcePath(content.path), sizeBytes: layer.sizeBytes, sha256: layer.sha256 });
      else {
        const within = manifest.isContainer ? containerFolder : '';
        const packed = { sha256: layer.sha256, form: content.form, within };
        const archive = await fetchPacked(source, layer, content.form, options);
        for await (const member of archiveMembers(archive.path, archive.form, archive.sizeBytes))
          if (member.path.startsWith(within)) add(memberFile(member.path, member.sizeBytes, packed));
      }
    }
    const notes = reasons.size === 0 ? [] : [`Left out: ${[...reasons].join(', ')}.`];
    return { files: [...files].map(([path, file]) => ({ ...file, path })), notes };
  }

  return {
    async resolve(uri, signal, options) {
      const source = parseOciSource(uri);
      const registry = await registryOf(source.registry);
      const { manifest, digest } = await registry.manifest(source, signal);
      const { files, notes } = await contentsOf(source, manifest, { ...options, signal });
      if (!files.some(({ path }) => kindOfFile(path) === 'weights'))
        throw new Error('it holds no GGUF, safetensors or ONNX file');
      const license = manifest.annotations['org.opencontainers.image.licenses'];
      return {
        uri: ociUri(source, digest),
        revision: digest,
        files,
        license: typeof license === 'string' ? { id: license, url: null, gated: false } : null,
        notes,
        alternatives: [],
      };
    },
    async fetch(resolved, file, target, options) {
      const source = parseOciSource(resolved.uri);
      const registry = await registryOf(source.registry);
      const { manifest } = await registry.manifest(source, options.signal);
      const packed = packedLayerOf(file);
      const sha256 = packed?.sha256 ?? file.sha256;
      const layer = manifest.layers.find((each) => each.sha256 === sha256);
      if (layer === undefined) throw new Error(`no layer of it holds ${file.path}`);
      if (packed === null) {
        const wanted = { ...file, sha256: layer.sha256, uri: resolved.uri, tag: null };
        const bytes = registry.blob(source, layer.sha256);
        return await downloadFile(downloader, bytes, wanted, target, options);
      }
      const archive = await fetchPacked(source, layer, packed.form, {
        signal: options.signal,
        archives: options.archives,
      });
      return await extractMember(archive, `${packed.within}${packed.member}`, file, target, options);
    },
  };
}

/** Layers that are remembered; of others the digest is computed once more. */
const mostRemembered = 1_000;

function remember(verified: Map<string, string>, path: string, identity: string): void {
  verified.set(path, identity);
  const [oldest] = verified.keys();
  if (verified.size > mostRemembered && oldest !== undefined) verified.delete(oldest);
}

/** Tells a file from another one in its place; empty where there is none. */
async function identityOf(path: string): Promise<string> {
  try {
    const { ino, mtimeMs, size } = await stat(path);
    return `${ino}/${mtimeMs}/${size}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** A member of a packed layer tells in its tag where it lies. */
function memberFile(memberPath: string, sizeBytes: number, packed: PackedLayer): SourceFile {
  const path = memberPath.slice(packed.within.length);
  const tag = JSON.stringify({ ...packed, member: path });
  return { path, sizeBytes, sha256: null, tag };
}

function packedLayerOf(file: SourceFile): (PackedLayer & { readonly member: string }) | null {
  if (file.tag === undefined) return null;
  const packed = JSON.parse(file.tag) as PackedLayer & { readonly member: string };
  // It names a file of this machine.
  if (!/^[0-9a-f]{64}$/.test(packed.sha256)) throw new Error(`the tag of ${file.path} is not of this source`);
  return packed;
}

/** Layers without names of their own may share one. */
function unusedPath(files: ReadonlyMap<string, SourceFile>, path: string): string {
  const dot = path.lastIndexOf('.');
  const [stem, end] = dot > 0 ? [path.slice(0, dot), path.slice(dot)] : [path, ''];
  let name = path;
  for (let count = 2; files.has(name); count += 1) name = `${stem}-${count}${end}`;
  return name;
}
