import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { parse } from 'yaml';
import { isUnnamedLicense, licensesOfCard } from '../../kernel/license-names.ts';
import { isRecord, type JsonRecord, textMember } from '../json-value.ts';

type License = ModelManifest['license'];

/** SPDX identifiers of the words that model cards use. */
const spdx: Readonly<Record<string, string>> = {
  'apache-2.0': 'Apache-2.0',
  mit: 'MIT',
  'bsd-2-clause': 'BSD-2-Clause',
  'bsd-3-clause': 'BSD-3-Clause',
  'cc-by-4.0': 'CC-BY-4.0',
  'cc-by-sa-3.0': 'CC-BY-SA-3.0',
  'cc-by-sa-4.0': 'CC-BY-SA-4.0',
  'cc-by-nc-4.0': 'CC-BY-NC-4.0',
  'cc-by-nc-sa-4.0': 'CC-BY-NC-SA-4.0',
  'cc0-1.0': 'CC0-1.0',
  'gpl-3.0': 'GPL-3.0-only',
  'agpl-3.0': 'AGPL-3.0-only',
  'lgpl-3.0': 'LGPL-3.0-only',
  unlicense: 'Unlicense',
};

/** A licence by the name that a file gives it, or by all of them where it lists several. */
export function namedLicense(names: string | readonly string[], source: string): License {
  const ids = [names].flat().map((name) => spdx[name.toLowerCase()] ?? name.slice(0, 120));
  return { id: [...new Set(ids)].join(', '), source };
}

/** Whether this names a licence, and does not only say that it is none of the usual ones. */
export function namesLicense(license: License | null): license is License {
  return license !== null && !isUnnamedLicense(license.id);
}

export const unknownLicense: License = { id: 'unknown', source: 'The files do not state it' };

const texts: readonly (readonly [pattern: RegExp, id: string])[] = [
  [/Apache License\s+Version 2\.0/, 'Apache-2.0'],
  [/\bMIT License\b|Permission is hereby granted, free of charge/, 'MIT'],
  [/GNU AFFERO GENERAL PUBLIC LICENSE/i, 'AGPL-3.0-only'],
  [/GNU GENERAL PUBLIC LICENSE/i, 'GPL-3.0-only'],
  [/Redistribution and use in source and binary forms/, 'BSD-3-Clause'],
  [/Creative Commons Attribution 4\.0/i, 'CC-BY-4.0'],
];

/** Titles of terms that bind the user beyond notices, and what the hub calls them; `$1` is their version. */
const terms: readonly (readonly [title: RegExp, id: string])[] = [
  [/\bLLAMA (\d(?:\.\d)?) COMMUNITY LICENSE\b/i, 'llama$1'],
  [/\bGemma Terms of Use\b/i, 'gemma'],
  [/\b(?:Qwen|Tongyi Qianwen) RESEARCH LICENSE AGREEMENT/i, 'qwen-research'],
  [/\b(?:Qwen|Tongyi Qianwen) LICENSE AGREEMENT/i, 'qwen'],
  [/\bAttribution-NonCommercial 4\.0\b/i, 'CC-BY-NC-4.0'],
  [/\bAttribution-NonCommercial-ShareAlike 4\.0\b/i, 'CC-BY-NC-SA-4.0'],
  [/\bAttribution-NonCommercial-NoDerivatives 4\.0\b/i, 'CC-BY-NC-ND-4.0'],
];
/** A title stands at the top: further down, others' terms may be spoken of. */
const titleCharacters = 400;

/** The licence whose text a file holds; `null` for a text that is none of the usual ones. */
export function licenseOfText(text: string, path: string): License | null {
  const source = `The text of ${path}`;
  const title = text.slice(0, titleCharacters).replace(/\s+/g, ' ');
  for (const [pattern, id] of terms) {
    const found = pattern.exec(title);
    if (found !== null) return { id: id.replace('$1', found[1] ?? ''), source };
  }
  const beginning = text.slice(0, 4000);
  const usual = texts.find(([pattern]) => pattern.test(beginning));
  return usual === undefined ? null : { id: usual[1], source };
}

/** What stands between the dashes at the beginning of a model card; `null` when there is nothing readable. */
export function cardOf(readMe: string): JsonRecord | null {
  const [, front] = /^---\r?\n([\s\S]{0,65536}?)\r?\n---/.exec(readMe) ?? [];
  if (front === undefined) return null;
  try {
    const parsed: unknown = parse(front, { maxAliasCount: 10, logLevel: 'error' });
    return isRecord(parsed) ? parsed : null;
  } catch {
    // A card is read for its facts; one that cannot be read tells none.
    return null;
  }
}

/** The licence of a model card; of a list, all that it names. */
export function licenseOfCard(card: JsonRecord | null): License | null {
  const names = licensesOfCard(card?.license, card?.license_name);
  if (names.length === 0) return null;
  const url = textMember(card, 'license_link');
  const license = namedLicense(names, 'The model card');
  return url?.startsWith('https://') ? { ...license, url } : license;
}

/** Codes of languages, as cards and GGUF files list them. */
export function languageCodes(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  const codes = list.filter(
    (each): each is string => typeof each === 'string' && /^[a-z]{2,3}(-[A-Za-z0-9]+)*$/.test(each),
  );
  return [...new Set(codes)];
}
