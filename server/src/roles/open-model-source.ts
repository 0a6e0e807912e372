import type { ServerSettings } from '../config/load-settings.ts';
import { readPackageMirrors } from '../config/package-mirrors.ts';
import type { ModelSource } from '../kernel/ports/model-source.ts';
import { createModelSource } from '../platform/model-sources/create-model-source.ts';
import type { BucketRules } from '../platform/model-sources/s3/parse-s3-source.ts';
import { createOutboundGuard } from '../platform/outbound-guard/outbound-guard.ts';
import { s3Access } from './s3-access.ts';

/** Which buckets may be read for models. */
export function bucketRules(settings: ServerSettings): BucketRules {
  const { s3Bucket: bucket, s3Prefix: prefix } = settings;
  return { allowed: settings.modelBuckets, own: bucket === null ? null : { bucket, prefix } };
}

/** The places that models come from, as the settings have them. */
export function openModelSource(settings: ServerSettings): ModelSource {
  return createModelSource({
    mirrors: readPackageMirrors(settings),
    hub: { endpoint: settings.hubEndpoint, token: settings.hubToken },
    s3: s3Access(settings),
    buckets: bucketRules(settings),
    modelFolder: settings.modelFolder,
    registryAuthFile: settings.registryAuthFile,
    guard: createOutboundGuard({ allow: settings.outboundAllow }),
  });
}
