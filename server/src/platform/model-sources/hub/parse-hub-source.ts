import { SamovarError } from '../../../kernel/errors.ts';

export interface HubSource {
  /** `owner/name` */
  readonly repository: string;
  /** A branch, a tag or a commit; `null`: the default branch. */
  readonly revision: string | null;
  readonly quantization: string | null;
  /** A file, a folder or a glob inside. */
  readonly path: string | null;
}

const form = /^hf:([\w.-]+\/[\w.-]+)(?:@([^/:\s]+))?(?::([\w.-]+))?(?:\/(.+))?$/;

/** Takes `hf:owner/name[@revision][:quantisation][/path]` apart; a `/` in a revision is written as `%2F`. */
export function parseHubSource(uri: string): HubSource {
  const [, repository, revision, quantization, path] = form.exec(uri) ?? [];
  if (repository === undefined || /(^|\/)\.{1,2}(\/|$)/.test(repository))
    throw invalid(uri, 'it is written hf:owner/name[@revision][:quantisation][/path]');
  if (quantization !== undefined && path !== undefined)
    throw invalid(uri, 'it names a quantisation and a path: one of them is enough');
  return {
    repository,
    revision: revision === undefined ? null : decoded(uri, revision),
    quantization: quantization ?? null,
    path: path ?? null,
  };
}

export function hubUri(source: HubSource, revision: string | null): string {
  const at = revision === null ? '' : `@${encodeURIComponent(revision)}`;
  const quantization = source.quantization === null ? '' : `:${source.quantization}`;
  const path = source.path === null ? '' : `/${source.path}`;
  return `hf:${source.repository}${at}${quantization}${path}`;
}

function decoded(uri: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(uri, 'its revision is not encoded as in a URL');
  }
}

function invalid(source: string, reason: string): SamovarError {
  return new SamovarError('model.source_invalid', { params: { source, reason } });
}
