import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { needsAcceptance } from '../../../kernel/license-names.ts';
import type { SourceLicense } from '../../../kernel/ports/model-source.ts';

/** The terms of a model that somebody must accept, by what its manifest or its files say; `null`: none. */
export function termsOf({ id, url, acceptance }: ModelManifest['license']): SourceLicense | null {
  if (acceptance !== true && !needsAcceptance(id)) return null;
  return { id, url: url ?? null, gated: false };
}
