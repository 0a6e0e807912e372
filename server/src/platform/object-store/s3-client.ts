import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { S3Client } from '@aws-sdk/client-s3';
import type { ProxyChoice } from '../outbound-network/proxy-choice.ts';

/** How an S3 server is reached. */
export interface S3Access {
  /** `null`: Amazon's. */
  readonly endpoint: string | null;
  readonly region: string;
  /** `null`: the standard credential chain. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  readonly pathStyle: boolean;
  readonly checksums: 'when-required' | 'when-supported';
  readonly caFile: string | null;
  /** The company's proxies; absent: none. */
  readonly proxyOf?: ProxyChoice;
  /** A connection that carries nothing for so long in the middle of a request fails it: 60 s when absent. */
  readonly silenceMs?: number;
}

export function createS3Client(options: S3Access): S3Client {
  const checksums = options.checksums === 'when-required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
  const ca =
    options.caFile === null
      ? {}
      : { ca: [...getCACertificates('default'), readFileSync(options.caFile, 'utf8')] };
  // Buckets have names below that of their server: whatever exempts it exempts them.
  const proxy = options.proxyOf?.(new URL(options.endpoint ?? `https://s3.${options.region}.amazonaws.com`));
  const proxyEnv = proxy ? { proxyEnv: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url } } : {};
  return new S3Client({
    region: options.region,
    ...(options.endpoint === null ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === null ? {} : { credentials: options.credentials }),
    forcePathStyle: options.pathStyle,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    // The client's own limit counts whole requests and only warns; a large file may take long, silence may not.
    requestHandler: {
      connectionTimeout: 5_000,
      socketTimeout: options.silenceMs ?? 60_000,
      httpAgent: proxyEnv,
      httpsAgent: { ...ca, ...proxyEnv },
    },
  });
}
