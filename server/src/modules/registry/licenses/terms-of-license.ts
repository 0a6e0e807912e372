import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { SourceLicense } from '../../../kernel/ports/model-source.ts';

/** Licences whose terms bind the user beyond notices: their makers ask for acceptance wherever the files lie. */
const families = /^(?:llama|gemma|qwen|tongyi-qianwen)/;
/** What stands before the name of a licence, as its maker's title has it. */
const makers = /^(?:(?:the|meta|facebook|google|alibaba|cloud)-)+/;

/**
 * Whether a licence, as a source or a file names it, has terms that somebody must accept before the model is used.
 * A source that gates its files says so itself; a copy of them elsewhere does not. Of a list with commas, one is enough.
 */
export function needsAcceptance(licenseId: string | undefined): boolean {
  return licenseId?.split(',').some(isBinding) ?? false;
}

function isBinding(name: string): boolean {
  return families.test(plainLicense(name).replace(makers, ''));
}

/** How names of licences are compared: ` Apache License 2.0` is `apache-license-2-0`. */
export function plainLicense(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '');
}

/** The terms of a model that somebody must accept, by what its manifest or its files say; `null`: none. */
export function termsOf({ id, url, acceptance }: ModelManifest['license']): SourceLicense | null {
  if (acceptance !== true && !needsAcceptance(id)) return null;
  return { id, url: url ?? null, gated: false };
}
