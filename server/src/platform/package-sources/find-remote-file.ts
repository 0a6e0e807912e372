import { findNpmFile } from './find-npm-file.ts';
import { findPypiFile } from './find-pypi-file.ts';
import type { PackageHttp } from './package-http.ts';
import type { PackageMirrors } from './package-mirrors.ts';
import type { ParsedSource } from './parse-package-source.ts';
import type { RemoteFile } from './remote-file.ts';

/** Asks the registry of a source where its file is. */
export async function findRemoteFile(
  http: PackageHttp,
  mirrors: PackageMirrors,
  source: Exclude<ParsedSource, { kind: 'file' }>,
  signal: AbortSignal,
): Promise<RemoteFile> {
  switch (source.kind) {
    case 'pypi':
      return await findPypiFile(http, mirrors.pypiIndex, source, signal);
    case 'npm':
      return await findNpmFile(http, { url: mirrors.npmRegistry, token: mirrors.npmToken }, source, signal);
    case 'maven':
      return mavenFile(mirrors.mavenRepository, source);
    case 'url':
      return {
        url: source.url.href,
        fileName: decodeURIComponent(source.url.pathname.split('/').at(-1) ?? ''),
        digest: null,
        headers: {},
      };
  }
}

/** The repository layout tells the address, so nothing is asked. */
function mavenFile(repository: string, source: Extract<ParsedSource, { kind: 'maven' }>): RemoteFile {
  const suffix = source.classifier === null ? '' : `-${source.classifier}`;
  const fileName = `${source.artifact}-${source.version}${suffix}.jar`;
  const folder = [...source.group.split('.'), source.artifact, source.version].join('/');
  return {
    url: `${repository.replace(/\/+$/, '')}/${folder}/${fileName}`,
    fileName,
    digest: null,
    headers: {},
  };
}
