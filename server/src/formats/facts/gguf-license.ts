import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { type GgufMetadata, textOf, textsOf } from '../gguf/gguf-value.ts';
import { namedLicense, namesLicense } from './license-facts.ts';
import type { StatedTerms } from './stated-terms.ts';

/** The licence that a GGUF file states, or where it names none, what stands beside it. `null`: neither says. */
export function ggufLicense(
  metadata: GgufMetadata,
  terms: StatedTerms,
  file: string,
): ModelManifest['license'] | null {
  const names = statedNames(metadata, 'general.license.name') ?? statedNames(metadata, 'general.license');
  if (names === null) return terms.license;
  const license = namedLicense(names, `general.license in the ${file} file`);
  if (!namesLicense(license) && terms.license !== null) return terms.license;
  const url = textOf(metadata, 'general.license.link');
  return url?.startsWith('https://') ? { ...license, url } : license;
}

function statedNames(metadata: GgufMetadata, key: string): readonly string[] | null {
  const text = textOf(metadata, key);
  const names = (text === null ? (textsOf(metadata, key) ?? []) : [text]).filter((name) => name !== '');
  return names.length === 0 ? null : names;
}
