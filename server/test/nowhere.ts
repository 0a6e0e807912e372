import type { PackageMirrors } from '../src/platform/package-sources/package-mirrors.ts';

/** An address at which nobody answers. */
export const nowhere = 'http://127.0.0.1:9';

/** No registry of packages. */
export const noMirrors: PackageMirrors = {
  pypiIndex: nowhere,
  npmRegistry: nowhere,
  npmToken: null,
  mavenRepository: nowhere,
  caFiles: [],
  httpProxy: null,
  httpsProxy: null,
  noProxy: '',
};
