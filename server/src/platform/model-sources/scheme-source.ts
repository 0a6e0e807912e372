import type {
  FetchedFile,
  ResolvedSource,
  ResolveOptions,
  SourceFetchOptions,
  SourceFile,
} from '../../kernel/ports/model-source.ts';

/** The sources of one or several schemes; errors that are not of the catalogue are made `model.source_unavailable`. */
export interface SchemeSource {
  resolve(uri: string, signal: AbortSignal, options: ResolveOptions): Promise<ResolvedSource>;
  fetch(
    source: ResolvedSource,
    file: SourceFile,
    target: string,
    options: SourceFetchOptions,
  ): Promise<FetchedFile>;
  close?(): Promise<void>;
}
