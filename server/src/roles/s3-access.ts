import type { ServerSettings } from '../config/load-settings.ts';
import { readPackageMirrors } from '../config/package-mirrors.ts';
import type { S3Access } from '../platform/object-store/s3-client.ts';
import { createProxyChoice } from '../platform/outbound-network/proxy-choice.ts';

/** How this installation reaches S3, for its own objects and for models that lie in buckets. */
export function s3Access(settings: ServerSettings): S3Access {
  const { s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey } = settings;
  return {
    endpoint: settings.s3Endpoint,
    region: settings.s3Region,
    credentials: accessKeyId === null || secretAccessKey === null ? null : { accessKeyId, secretAccessKey },
    pathStyle: settings.s3PathStyle,
    checksums: settings.s3Checksums === 'when-supported' ? 'when-supported' : 'when-required',
    caFile: settings.caFile,
    proxyOf: createProxyChoice(readPackageMirrors(settings)),
  };
}
