export interface GrpcPlace {
  /** `host:port`, `null` where it is not set. */
  readonly publicAddress: string | null;
  readonly publicUrl: string | null;
  readonly port: number;
}

/**
 * `host:port` of the gRPC services: the public one where it is set, else for a client that reached us as `host` (a header `Host` or `:authority`, with or
 * without a port); where the installation has a public address, under its name.
 */
export function grpcAddress(host: string | undefined, { publicAddress, publicUrl, port }: GrpcPlace): string {
  return publicAddress ?? `${hostnameOf(publicUrl) ?? hostnameOf(`http://${host}`) ?? 'localhost'}:${port}`;
}

function hostnameOf(url: string | null): string | null {
  return url !== null && URL.canParse(url) ? new URL(url).hostname || null : null;
}
