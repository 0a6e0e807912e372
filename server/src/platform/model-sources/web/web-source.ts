import { SamovarError } from '../../../kernel/errors.ts';
import { faultOfAnswer } from '../answer-fault.ts';
import { kindOfFile } from '../choice/file-kind.ts';
import { checkedSourcePath } from '../choice/source-path.ts';
import { downloadFile } from '../download/download-file.ts';
import type { Downloader } from '../download/wanted-file.ts';
import { tagOf } from '../entity-tag.ts';
import { createHttpBytes } from '../http-bytes.ts';
import { withPatience } from '../patience.ts';
import type { SchemeSource } from '../scheme-source.ts';
import { withoutSecrets } from '../source-failure.ts';
import type { SourceAnswer, SourceHttp } from '../source-http.ts';

/** `https://…[#sha256=…]`: one file of a web server; `http://…` only with a digest. */
export function createWebSource(http: SourceHttp, downloader: Downloader): SchemeSource {
  return {
    async resolve(uri, signal) {
      const { url, sha256 } = parseWebSource(uri);
      const answer = await withPatience(downloader.limits.patience, signal, async () => {
        const found = await http.request({ url, headers: { range: 'bytes=0-0' }, signal });
        if (![200, 206, 416].includes(found.status)) throw faultOfAnswer(found);
        return found;
      });
      // Of a server that knows no ranges this may be the whole file.
      answer.body.on('error', () => {}).destroy();
      const path = checkedSourcePath(fileNameOf(url, answer));
      if (['pickle', 'code'].includes(kindOfFile(path)))
        throw new SamovarError('model.refused', {
          params: { reason: `${path} may run code when it is loaded` },
        });
      const tag = tagOf(answer.header);
      const file = { path, sizeBytes: sizeOf(answer), sha256, ...(tag === null ? {} : { tag }) };
      return { uri, revision: null, files: [file], license: null, notes: [], alternatives: [] };
    },
    async fetch(resolved, file, target, options) {
      const { url, sha256 } = parseWebSource(resolved.uri);
      const bytes = createHttpBytes(http, { url });
      const wanted = {
        ...file,
        uri: withoutSecrets(resolved.uri),
        sha256: sha256 ?? file.sha256,
        tag: file.tag ?? null,
      };
      return await downloadFile(downloader, bytes, wanted, target, options);
    },
  };
}

/** The address without its digest, and that; throws `model.source_invalid`. */
export function parseWebSource(uri: string): { readonly url: string; readonly sha256: string | null } {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  if (url === null) throw invalid('https:…', 'it is no address');
  const shown = `${url.origin}${url.pathname}`;
  if (url.username !== '' || url.password !== '')
    throw invalid(shown, 'credentials do not belong into a source');
  const [, sha256] = /^#sha256[=:]([0-9a-f]{64})$/i.exec(url.hash) ?? [];
  if (url.hash !== '' && sha256 === undefined)
    throw invalid(shown, 'its digest is written #sha256=<64 hex digits>');
  if (url.protocol !== 'https:' && sha256 === undefined)
    throw invalid(shown, 'without encryption it needs a digest: #sha256=…');
  url.hash = '';
  return { url: url.href, sha256: sha256?.toLowerCase() ?? null };
}

/** The name in the address, where that names a file of a model; else what the server calls it. */
function fileNameOf(address: string, answer: SourceAnswer): string {
  const [, told] = /filename="?([^";]+)"?/i.exec(answer.header('content-disposition') ?? '') ?? [];
  const names = [lastPart(address), told ?? '', lastPart(answer.url)].filter((name) => name !== '');
  const known = names.find((name) => kindOfFile(name) !== 'other');
  return known ?? names[0] ?? 'file';
}

function lastPart(address: string): string {
  const part = new URL(address).pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function sizeOf(answer: SourceAnswer): number | null {
  const [, total] = /\/(\d+)$/.exec(answer.header('content-range') ?? '') ?? [];
  if (total !== undefined) return Number(total);
  const length = answer.status === 200 ? answer.header('content-length') : null;
  return length === null ? null : Number(length);
}

function invalid(source: string, reason: string): SamovarError {
  return new SamovarError('model.source_invalid', { params: { source, reason } });
}
