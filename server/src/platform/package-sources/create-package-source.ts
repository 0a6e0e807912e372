import { rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SamovarError } from '../../kernel/errors.ts';
import type { DownloadedPackage, DownloadOptions, PackageSource } from '../../kernel/ports/package-source.ts';
import { findRemoteFile } from './find-remote-file.ts';
import { openMember } from './open-member.ts';
import { downloadPaths, downloadRemoteFile, findFinishedDownload } from './package-download.ts';
import { createPackageHttp } from './package-http.ts';
import type { PackageMirrors } from './package-mirrors.ts';
import { parsePackageSource } from './parse-package-source.ts';

export interface NetworkPackageSource extends PackageSource {
  close(): Promise<void>;
}

/** Package registries, web servers and local files behind one port. */
export function createPackageSource(mirrors: PackageMirrors): NetworkPackageSource {
  const http = createPackageHttp(mirrors);

  async function download(
    source: string,
    folder: string,
    options: DownloadOptions,
  ): Promise<DownloadedPackage> {
    const parsed = parsePackageSource(source);
    if (parsed.kind === 'file') return await localFile(parsed.url, options);
    const finished = await findFinishedDownload(folder, source);
    if (finished) {
      options.onProgress(finished.sizeBytes, finished.sizeBytes);
      return finished;
    }
    const file = await findRemoteFile(http, mirrors, parsed, options.signal);
    return await downloadRemoteFile(http, file, { folder, source }, options);
  }

  return {
    async download(source, folder, options) {
      try {
        return await download(source, folder, options);
      } catch (error) {
        if (options.signal.aborted || error instanceof SamovarError || isDiskFailure(error)) throw error;
        throw new SamovarError('model.source_unavailable', {
          params: { source: shown(source), reason: reasonOf(error) },
          cause: error,
        });
      }
    },
    openMember,
    async discard(source, folder) {
      const paths = downloadPaths(folder, source);
      for (const path of Object.values(paths)) await rm(path, { force: true });
    },
    close: () => http.close(),
  };
}

/** A file on this machine is read where it lies. */
async function localFile(url: URL, options: DownloadOptions): Promise<DownloadedPackage> {
  const path = fileURLToPath(url);
  const found = await stat(path);
  if (!found.isFile()) throw new Error('it is not a file');
  options.onProgress(found.size, found.size);
  return { path, fileName: basename(path), sizeBytes: found.size };
}

function isDiskFailure(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && /^(ENOSPC|EDQUOT|EROFS|EACCES|EIO)$/.test(String(error.code))
  );
}

/** The source without a password that its address may carry. */
function shown(source: string): string {
  return source.replace(/\/\/[^@/]*@/, '//');
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}
