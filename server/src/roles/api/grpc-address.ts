/**
 * `host:port` of the gRPC services for a client that reached us as `host` (a header `Host` or `:authority`, with or
 * without a port); where the installation has a public address, under its name.
 */
export function grpcAddress(
  host: string | undefined,
  { publicUrl, port }: { readonly publicUrl: string | null; readonly port: number },
): string {
  return `${hostnameOf(publicUrl) ?? hostnameOf(`http://${host}`) ?? 'localhost'}:${port}`;
}

function hostnameOf(url: string | null): string | null {
  return url !== null && URL.canParse(url) ? new URL(url).hostname || null : null;
}
