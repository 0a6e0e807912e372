import { SamovarError } from '../../../kernel/errors.ts';
import type { ResolvedSource, SourceLicense } from '../../../kernel/ports/model-source.ts';
import { recordAudit } from '../../audit/index.ts';
import type { RunImportDependencies } from './import-dependencies.ts';
import type { ImportRequest } from './import-request.ts';
import { advance } from './started-import.ts';
import { resolvedUploads, uploadsOf } from './uploaded-source.ts';

/**
 * Finds out what the source means at this moment, to the revision, and which of its files are wanted. Where its terms
 * must be accepted and nobody has, the import waits for that.
 */
export async function resolveSource(
  { database, sources }: RunImportDependencies,
  request: ImportRequest,
  signal: AbortSignal,
): Promise<ImportRequest> {
  const uploads = await uploadsOf(database, request, request.source);
  // Once it is known what was meant, another try means the same.
  const uri = request.resolved?.uri ?? request.source;
  const found = uploads ? resolvedUploads(request.source, uploads) : await sources.resolve(uri, signal);
  const resolved = { ...found, files: wantedFiles(found, request) };
  const terms = termsOf(resolved, request);
  if (terms === null) return await advance(database, request, 'resolved', { resolved, failure: null });
  if (request.acceptance === null)
    return await advance(database, request, 'terms-shown', { resolved, terms, failure: null });
  const acceptance = { ...request.acceptance, terms: request.acceptance.terms ?? terms };
  return await advance(
    database,
    request,
    'resolved',
    { resolved, terms, acceptance, failure: null },
    async (transaction) => {
      await recordAudit(transaction, {
        scope: { organizationId: request.organizationId, projectId: request.projectId },
        actor: acceptance.by,
        requestId: null,
        action: 'import.accept-license',
        target: { kind: 'import', id: request.id },
        detail: { source: request.source, terms },
      });
      return {};
    },
  );
}

/** `null` where nobody has to accept anything. */
function termsOf({ license }: ResolvedSource, { wanted }: ImportRequest): SourceLicense | null {
  const known = wanted.facts?.license;
  const needed = license?.gated === true || wanted.licenseNeedsAcceptance === true;
  if (!needed) return null;
  return {
    id: known?.id ?? license?.id ?? 'unknown',
    url: known?.url ?? license?.url ?? null,
    gated: license?.gated ?? false,
  };
}

function wantedFiles(source: ResolvedSource, { wanted }: ImportRequest): ResolvedSource['files'] {
  const patterns = wanted.files?.map(patternOf);
  const files = patterns
    ? source.files.filter(({ path }) => patterns.some((pattern) => pattern.test(path)))
    : source.files;
  if (files.length > 0) return files;
  const reason = patterns
    ? `none of its files is one of ${wanted.files?.join(', ')}`
    : 'there are no files of a model';
  throw new SamovarError('model.source_invalid', { params: { source: source.uri, reason } });
}

/** `*` stands for any characters but `/`. */
function patternOf(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]*')}$`);
}
