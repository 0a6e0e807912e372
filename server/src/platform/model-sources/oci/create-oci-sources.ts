import type { Downloader } from '../download/wanted-file.ts';
import type { SchemeSource } from '../scheme-source.ts';
import type { SourceHttp } from '../source-http.ts';
import { createOciRegistry, type OciRegistry } from './oci-registry.ts';
import { createOciSource } from './oci-source.ts';
import { readRegistryCredentials } from './registry-credentials.ts';

export interface OciSourcesOptions {
  /** Reaches registries that the operator has named by giving their credentials. */
  readonly open: SourceHttp;
  /** Reaches all others. */
  readonly guarded: SourceHttp;
  readonly registryAuthFile: string | null;
  readonly downloader: Downloader;
}

/** `oci:` sources of any registry; a client for each is kept, with its tokens. */
export function createOciSources(options: OciSourcesOptions): SchemeSource {
  const registries = new Map<string, Promise<OciRegistry>>();

  async function connect(registry: string): Promise<OciRegistry> {
    const credentials = () => readRegistryCredentials(options.registryAuthFile, registry);
    const isNamed = (await credentials()) !== null;
    const http = isNamed ? options.open : options.guarded;
    return createOciRegistry(http, registry, credentials, options.downloader.limits.patience);
  }

  return createOciSource({
    async registryOf(registry) {
      const known = registries.get(registry) ?? connect(registry);
      registries.set(registry, known);
      // A file of credentials that cannot be read now may be mended later.
      known.catch(() => registries.delete(registry));
      return await known;
    },
    downloader: options.downloader,
  });
}
