/** Licences whose terms bind the user beyond notices: their makers ask for acceptance wherever the files lie. */
const families = /^(?:llama|gemma|qwen|tongyi-qianwen)/;
/** What stands before the name of a licence, as its maker's title has it. */
const makers = /^(?:(?:the|meta|facebook|google|alibaba|cloud)-)+/;
const nonCommercial = /^(?:the-)?cc-by-nc/;

/**
 * Whether a licence, as a source or a file names it, has terms that somebody must accept before the model is used.
 * A source that gates its files says so itself; a copy of them elsewhere does not. Of a list with commas, one is enough.
 */
export function needsAcceptance(licenseId: string | undefined): boolean {
  return namesIn(licenseId).some((name) => families.test(name.replace(makers, '')));
}

/** Whether it keeps a model to those who accept its terms, or to some uses. */
export function restrictsUse(licenseId: string): boolean {
  return needsAcceptance(licenseId) || namesIn(licenseId).some((name) => nonCommercial.test(name));
}

/** How names of licences are compared, in any script: ` Apache License 2.0` is `apache-license-2-0`. */
export function plainLicense(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
}

/** Whether this names no licence, or only says that it is none of the usual ones: each model has its own behind that. */
export function isUnnamedLicense(licenseId: string): boolean {
  return /^(?:other|unknown)?$/i.test(licenseId);
}

/** The names in `license` of a model card, which is one or a list; `other` goes by its `license_name`. */
export function licensesOfCard(stated: unknown, ownName: unknown): string[] {
  const own = typeof ownName === 'string' && ownName !== '' ? ownName : 'other';
  const names = [stated].flat().filter((each): each is string => typeof each === 'string' && each !== '');
  return names.map((name) => (name === 'other' ? own : name));
}

function namesIn(licenseId: string | undefined): string[] {
  return licenseId?.split(',').map(plainLicense) ?? [];
}
