import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { restrictsUse } from '../../kernel/license-names.ts';
import { namesLicense } from './license-facts.ts';

type License = ModelManifest['license'];

/**
 * The licence to go by where several are stated: `chosen`, unless it lets everybody use what another statement keeps
 * back. Then it is that, of several the first, and its source names both, as `note` does for a person.
 */
export function stricterLicense(
  chosen: License,
  stated: readonly License[],
): { readonly license: License; readonly note: string | null } {
  const stricter = stated.find(({ id }) => restrictsUse(id));
  if (stricter === undefined || restrictsUse(chosen.id) || !namesLicense(chosen))
    return { license: chosen, note: null };
  const freer = `${lowerFirst(chosen.source)} says ${chosen.id}`;
  return {
    license: { ...stricter, source: `${stricter.source}; ${freer}` },
    note: `${stricter.source} is ${stricter.id}, and ${freer}: the stricter one counts.`,
  };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
