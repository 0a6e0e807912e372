import { join } from 'node:path';
import type { ResolveOptions, SourceFile } from '../../../kernel/ports/model-source.ts';
import type { PackageSource } from '../../../kernel/ports/package-source.ts';
import { parsePackageSource } from '../../package-sources/parse-package-source.ts';
import { archiveFormOf } from '../archive/archive-form.ts';
import { archiveMembers } from '../archive/archive-members.ts';
import { extractMember, type StoredArchive } from '../archive/extract-member.ts';
import { createSharedFetches } from '../archive/shared-fetches.ts';
import { chooseFiles } from '../choice/choose-files.ts';
import type { SchemeSource } from '../scheme-source.ts';

/**
 * `pypi:name@version[/file][!path]`, `npm:…[!path]`, `maven:…[!path]`: files inside a package, which is fetched whole and
 * kept in the folder of archives.
 */
export function createPackagesSource(packages: PackageSource): SchemeSource {
  const share = createSharedFetches();

  async function archive(
    uri: string,
    options: ResolveOptions & { readonly signal: AbortSignal },
  ): Promise<StoredArchive> {
    const { source } = split(uri);
    return await share(join(options.archives, source), () => download(uri, source, options));
  }

  async function download(
    uri: string,
    source: string,
    options: ResolveOptions & { readonly signal: AbortSignal },
  ): Promise<StoredArchive> {
    const found = await packages.download(source, options.archives, {
      signal: options.signal,
      onProgress: (bytes, totalBytes) => options.onProgress?.(bytes, totalBytes),
    });
    const form = archiveFormOf(found.fileName);
    if (form === null) throw new Error(`${found.fileName} is no archive that can be read here`);
    return { path: found.path, form, sizeBytes: found.sizeBytes, uri };
  }

  return {
    async resolve(uri, signal, options) {
      const { source, path } = split(uri);
      const parsed = parsePackageSource(source);
      const stored = await archive(uri, { ...options, signal });
      const all: SourceFile[] = [];
      for await (const { path: member, sizeBytes } of archiveMembers(
        stored.path,
        stored.form,
        stored.sizeBytes,
      ))
        all.push({ path: member, sizeBytes, sha256: null });
      const choice = chooseFiles(all, { uri, quantization: null, path });
      return {
        uri,
        revision: 'version' in parsed ? parsed.version : null,
        files: choice.files,
        license: null,
        notes: choice.notes,
        alternatives: [],
      };
    },
    async fetch(resolved, file, target, options) {
      const stored = await archive(resolved.uri, { signal: options.signal, archives: options.archives });
      return await extractMember(stored, file.path, file, target, options);
    },
  };
}

function split(uri: string): { readonly source: string; readonly path: string | null } {
  const at = uri.indexOf('!');
  return at < 0 ? { source: uri, path: null } : { source: uri.slice(0, at), path: uri.slice(at + 1) };
}
