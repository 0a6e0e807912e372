import { SamovarError } from '../../kernel/errors.ts';
import type { ModelSource } from '../../kernel/ports/model-source.ts';
import type { OutboundGuard } from '../../kernel/ports/outbound-guard.ts';
import type { S3Access } from '../object-store/s3-client.ts';
import { createPackageSource } from '../package-sources/create-package-source.ts';
import type { PackageMirrors } from '../package-sources/package-mirrors.ts';
import { type DownloadLimits, usualLimits } from './download/download-limits.ts';
import { createGate } from './download/gate.ts';
import { createHubSource } from './hub/hub-source.ts';
import { createLateSource } from './late-source.ts';
import { createLocalSource } from './local/local-source.ts';
import { createOciSources } from './oci/create-oci-sources.ts';
import { createPackagesSource } from './packages/packages-source.ts';
import type { BucketRules } from './s3/parse-s3-source.ts';
import type { SchemeSource } from './scheme-source.ts';
import { sourceFailure, withoutSecrets } from './source-failure.ts';
import { createSourceHttp } from './source-http.ts';
import { createWebSource } from './web/web-source.ts';

export interface ModelSourceSettings {
  /** Packages' registries, proxies and authorities. */
  readonly mirrors: PackageMirrors;
  readonly hub: { readonly endpoint: string; readonly token: string | null };
  readonly s3: S3Access;
  readonly buckets: BucketRules;
  /** The one folder that `file:` may read; `null`: none. */
  readonly modelFolder: string | null;
  /** Credentials of registries, as in Docker's `config.json`. */
  readonly registryAuthFile: string | null;
  /** Decides where the addresses that callers name may lead. */
  readonly guard: OutboundGuard;
  readonly limits?: Partial<DownloadLimits>;
}

/** Every kind of source behind one port, chosen by the scheme of the URI. */
export function createModelSource(settings: ModelSourceSettings): ModelSource {
  const limits = { ...usualLimits, ...settings.limits };
  // Writes of one file wait for each other in the system anyhow, and burn a processor meanwhile.
  const downloader = { limits, write: createGate(1) };
  const open = createSourceHttp(settings.mirrors, limits.silenceMs, null);
  const guarded = createSourceHttp(settings.mirrors, limits.silenceMs, settings.guard);
  const packages = createPackageSource(settings.mirrors);
  const endpoint = settings.hub.endpoint.replace(/\/+$/, '');
  const web = createWebSource(guarded, downloader);
  const ofPackages = createPackagesSource(packages);
  const schemes: Readonly<Record<string, SchemeSource>> = {
    hf: createHubSource(open, { endpoint, token: settings.hub.token }, downloader),
    s3: createLateSource(async () => {
      // Only then: the client for S3 takes 40 MB of memory.
      const { createS3Source } = await import('./s3/s3-source.ts');
      return createS3Source(settings.s3, settings.buckets, downloader);
    }),
    http: web,
    https: web,
    file: createLocalSource(settings.modelFolder, downloader),
    oci: createOciSources({ open, guarded, downloader, ...settings }),
    pypi: ofPackages,
    npm: ofPackages,
    maven: ofPackages,
  };

  const schemeOf = (uri: string): SchemeSource => {
    const [, name = ''] = /^([a-z0-9]+):/.exec(uri) ?? [];
    const scheme = Object.hasOwn(schemes, name) ? schemes[name] : undefined;
    if (scheme !== undefined) return scheme;
    throw new SamovarError('model.source_invalid', {
      params: { source: withoutSecrets(uri), reason: 'its form is not known' },
    });
  };

  return {
    async resolve(uri, signal, options) {
      const scheme = schemeOf(uri);
      return await scheme.resolve(uri, signal, options).catch((error: unknown) => {
        throw sourceFailure(error, uri, signal);
      });
    },
    async fetch(source, file, target, options) {
      const scheme = schemeOf(source.uri);
      return await scheme.fetch(source, file, target, options).catch((error: unknown) => {
        throw sourceFailure(error, source.uri, options.signal);
      });
    },
    async close() {
      for (const scheme of new Set(Object.values(schemes))) await scheme.close?.();
      await Promise.all([open.close(), guarded.close(), packages.close()]);
    },
  };
}
