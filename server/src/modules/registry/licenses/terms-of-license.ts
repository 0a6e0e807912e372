import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { SourceLicense } from '../../../kernel/ports/model-source.ts';

/** Licences whose terms bind the user beyond notices: their makers ask for acceptance wherever the files lie. */
const families = /^(?:llama|gemma|qwen(?:-research)?$|qwen-)/i;

/**
 * Whether a licence, as a source or a file names it, has terms that somebody must accept before the model is used.
 * A source that gates its files says so itself; a copy of them elsewhere does not.
 */
export function needsAcceptance(licenseId: string | undefined): boolean {
  return licenseId !== undefined && families.test(licenseId.trim());
}

/** The terms of a model that somebody must accept, by what its manifest or its files say; `null`: none. */
export function termsOf({ id, url, acceptance }: ModelManifest['license']): SourceLicense | null {
  if (acceptance !== true && !needsAcceptance(id)) return null;
  return { id, url: url ?? null, gated: false };
}
