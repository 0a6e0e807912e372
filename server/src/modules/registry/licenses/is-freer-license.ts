import { plainLicense, restrictsUse } from '../../../kernel/license-names.ts';

/** Licences that let anybody use what comes under them for anything. */
const free =
  /^(?:the-)?(?:apache|mit|isc|bsd|cc0|cc-by-(?:sa-)?\d|[al]?gpl|mpl|epl|eupl|unlicense|wtfpl|zlib|bsl-1|artistic|public-domain)/;

/**
 * Whether a licence by its name lets everybody use what another one keeps to those who accept its terms, or to some
 * uses. Names that say nothing, and those of agreements that nobody else knows, are not freer.
 */
export function isFreerLicense(declared: string, found: string): boolean {
  return declared.split(',').every((name) => free.test(plainLicense(name))) && restrictsUse(found);
}
