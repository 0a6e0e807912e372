import { licensesOfCard } from '../../../kernel/license-names.ts';
import type { SourceFile, SourceLicense } from '../../../kernel/ports/model-source.ts';
import { checkedSourcePath } from '../choice/source-path.ts';
import { isRecord } from '../read-document.ts';

type Document = Readonly<Record<string, unknown>>;

/** What the hub tells of a model at one revision. */
export interface HubModel {
  readonly commit: string;
  readonly gated: boolean;
  readonly license: { readonly id: string; readonly url: string | null } | null;
  /** `null` when the answer is not complete: then the tree has to be read. */
  readonly files: readonly SourceFile[] | null;
}

/** Longer lists may have been cut. */
const fullListFiles = 1000;

/** Reads the answer of `/api/models/{id}/revision/{revision}?blobs=true`. */
export function hubModelOf(document: Document): HubModel {
  const commit = document.sha;
  if (typeof commit !== 'string' || !/^[0-9a-f]{40,64}$/.test(commit))
    throw new Error('the hub does not tell which commit this is');
  const siblings = Array.isArray(document.siblings) ? document.siblings.filter(isRecord) : [];
  const files = siblings.map((entry) => fileOf(entry.rfilename, entry.size, entry.lfs));
  const isComplete =
    siblings.length > 0 &&
    siblings.length < fullListFiles &&
    files.every(({ sizeBytes }) => sizeBytes !== null);
  return {
    commit,
    gated: document.gated !== undefined && document.gated !== false && document.gated !== null,
    license: licenseOf(document),
    files: isComplete ? files : null,
  };
}

/** Reads one page of `/api/models/{id}/tree/{revision}?recursive=true`. */
export function filesOfTree(entries: readonly unknown[]): SourceFile[] {
  return entries
    .filter(isRecord)
    .filter(({ type }) => type === 'file')
    .map((entry) => fileOf(entry.path, entry.size, entry.lfs));
}

/** Large files are kept by their SHA-256 (`sha256`, or `oid` in a tree); small ones have none. */
function fileOf(path: unknown, size: unknown, lfs: unknown): SourceFile {
  const large = isRecord(lfs) ? lfs : {};
  const digest = large.sha256 ?? large.oid;
  const sizeBytes = large.size ?? size;
  return {
    path: checkedSourcePath(String(path)),
    sizeBytes: typeof sizeBytes === 'number' && Number.isSafeInteger(sizeBytes) ? sizeBytes : null,
    sha256: typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest) ? digest : null,
  };
}

function licenseOf(document: Document): HubModel['license'] {
  const card = isRecord(document.cardData) ? document.cardData : {};
  const inCard = licensesOfCard(card.license, card.license_name);
  const names = inCard.length > 0 ? inCard : licensesOfCard(licenseTag(document), card.license_name);
  if (names.length === 0) return null;
  const link = card.license_link;
  return {
    id: [...new Set(names.map(spdx))].join(', '),
    url: typeof link === 'string' && /^https:\/\//.test(link) ? link : null,
  };
}

function licenseTag({ tags }: Document): string | null {
  const texts = Array.isArray(tags) ? tags.filter((each) => typeof each === 'string') : [];
  return texts.find((each) => each.startsWith('license:'))?.slice('license:'.length) ?? null;
}

/** The hub writes the identifiers of licences in small letters. */
function spdx(id: string): string {
  if (/^(mit|isc|wtfpl)$/.test(id)) return id.toUpperCase();
  if (/^(apache|artistic|ms-pl|zlib)-/.test(id)) return `${id.charAt(0).toUpperCase()}${id.slice(1)}`;
  if (/^(bsd|cc|gpl|agpl|lgpl|mpl|epl|eupl|ofl|afl|bsl|cc0|ncsa|odc|ecl)(-|$)/.test(id))
    return id.toUpperCase().replace(/-CLAUSE/g, '-Clause');
  return id;
}

/** The licence with what may be known of its gate. */
export function sourceLicense(model: HubModel, page: string): SourceLicense | null {
  if (model.license === null && !model.gated) return null;
  return { id: model.license?.id ?? 'unknown', url: model.license?.url ?? page, gated: model.gated };
}
