import type {
  FetchedFile,
  FetchOptions,
  ResolvedSource,
  ResolveOptions,
  SourceFile,
} from '../../kernel/ports/model-source.ts';

/** The sources of one or several schemes; errors that are not of the catalogue are made `model.source_unavailable`. */
export interface SchemeSource {
  resolve(uri: string, signal: AbortSignal, options: ResolveOptions): Promise<ResolvedSource>;
  fetch(
    source: ResolvedSource,
    file: SourceFile,
    target: string,
    options: FetchOptions,
  ): Promise<FetchedFile>;
  release?(source: ResolvedSource): Promise<void>;
  close?(): Promise<void>;
}
