/** Where packages come from and how they are reached. Addresses may carry `user:password@`. */
export interface PackageMirrors {
  /** Simple index, for example `https://pypi.org/simple`. */
  readonly pypiIndex: string;
  readonly npmRegistry: string;
  /** Bearer token for the npm registry. */
  readonly npmToken: string | null;
  readonly mavenRepository: string;
  /** PEM files trusted besides the usual authorities. */
  readonly caFiles: readonly string[];
  readonly httpProxy: string | null;
  readonly httpsProxy: string | null;
  /** Hosts reached without the proxy, as in NO_PROXY. */
  readonly noProxy: string;
}
