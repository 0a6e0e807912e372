import { join } from 'node:path';
import type { ServerSettings } from '../config/load-settings.ts';
import { readPackageMirrors } from '../config/package-mirrors.ts';
import type { ModelSource } from '../kernel/ports/model-source.ts';
import { createModelSource } from '../platform/model-sources/create-model-source.ts';
import { createOutboundGuard } from '../platform/outbound-guard/outbound-guard.ts';
import { s3Access } from './s3-access.ts';

/** The places that models come from, as the settings have them; what is kept on the way lies in `downloadsFolder`. */
export function openModelSource(settings: ServerSettings, downloadsFolder: string): ModelSource {
  return createModelSource({
    mirrors: readPackageMirrors(settings),
    hub: { endpoint: settings.hubEndpoint, token: settings.hubToken },
    s3: s3Access(settings),
    buckets: {
      allowed: settings.modelBuckets,
      own: settings.s3Bucket === null ? null : { bucket: settings.s3Bucket, prefix: settings.s3Prefix },
    },
    modelFolder: settings.modelFolder,
    registryAuthFile: settings.registryAuthFile,
    archivesFolder: join(downloadsFolder, 'archives'),
    guard: createOutboundGuard({ allow: settings.outboundAllow }),
  });
}
