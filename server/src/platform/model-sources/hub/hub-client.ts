import type { SourceFile } from '../../../kernel/ports/model-source.ts';
import { faultOfAnswer } from '../answer-fault.ts';
import type { ByteSource } from '../download/byte-source.ts';
import { createHttpBytes } from '../http-bytes.ts';
import { type PatienceLimits, withPatience } from '../patience.ts';
import { jsonObject, readDocument } from '../read-document.ts';
import type { SourceAnswer, SourceHttp, SourceRequest } from '../source-http.ts';
import { type HubPlace, hubFault } from './hub-fault.ts';
import { filesOfTree, type HubModel, hubModelOf } from './hub-listing.ts';

const documentBytes = 64 * 1024 * 1024;
/** A tree with more pages is no model's. */
const mostPages = 200;

export interface HubRepository {
  /** `owner/name` */
  readonly name: string;
  /** The source as errors name it. */
  readonly uri: string;
}

/** The hub's own protocol. Every call throws `model.source_gated` or `model.source_unavailable` where it says so. */
export interface HubClient {
  model(repository: HubRepository, revision: string, signal: AbortSignal): Promise<HubModel>;
  /** All files at a commit, page by page. */
  tree(repository: HubRepository, commit: string, signal: AbortSignal): Promise<SourceFile[]>;
  /** Throws unless this installation may have the file. */
  knock(repository: HubRepository, commit: string, path: string, signal: AbortSignal): Promise<void>;
  bytes(repository: HubRepository, commit: string, path: string): ByteSource;
}

export function createHubClient(http: SourceHttp, place: HubPlace, patience: PatienceLimits): HubClient {
  const authorization = place.token === null ? null : `Bearer ${place.token}`;
  const fault = (repository: HubRepository, answer: SourceAnswer) =>
    hubFault(place, repository.name, repository.uri, answer);
  const fileUrl = ({ name }: HubRepository, commit: string, path: string) =>
    `${place.endpoint}/${name}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;

  async function ask(
    repository: HubRepository,
    request: Pick<SourceRequest, 'url' | 'method' | 'stay'>,
    signal: AbortSignal,
  ): Promise<{ bytes: Buffer; link: string | null }> {
    return await withPatience(patience, signal, async () => {
      const answer = await http.request({ ...request, authorization, signal });
      // Where a file lies elsewhere, being told so is to be let in.
      if (answer.status >= 400) {
        const meaning = fault(repository, answer);
        if (meaning === null) throw faultOfAnswer(answer);
        answer.discard();
        throw meaning;
      }
      return { bytes: await readDocument(answer, documentBytes), link: answer.header('link') };
    });
  }

  return {
    async model(repository, revision, signal) {
      const url = `${place.endpoint}/api/models/${repository.name}/revision/${encodeURIComponent(revision)}?blobs=true`;
      const { bytes } = await ask(repository, { url }, signal);
      return hubModelOf(jsonObject(bytes, 'the hub'));
    },
    async tree(repository, commit, signal) {
      const files: SourceFile[] = [];
      let url: string | null =
        `${place.endpoint}/api/models/${repository.name}/tree/${commit}?recursive=true&expand=false`;
      for (let page = 0; url !== null; page += 1) {
        if (page === mostPages) throw new Error('the hub lists files without end');
        const { bytes, link } = await ask(repository, { url }, signal);
        files.push(...filesOfTree(jsonArray(bytes)));
        url = nextPage(link, url);
      }
      return files;
    },
    async knock(repository, commit, path, signal) {
      await ask(repository, { url: fileUrl(repository, commit, path), method: 'HEAD', stay: true }, signal);
    },
    bytes: (repository, commit, path) =>
      createHttpBytes(http, {
        url: fileUrl(repository, commit, path),
        authorization: async () => authorization,
        faultOf: (answer) => fault(repository, answer),
      }),
  };
}

/** The address in `Link: <…>; rel="next"`, which must stay on the hub: the token goes with it. */
function nextPage(link: string | null, from: string): string | null {
  const [, target] = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? '') ?? [];
  if (target === undefined) return null;
  const next = new URL(target, from);
  if (next.origin === new URL(from).origin) return next.href;
  // A mirror that passes on the addresses of the hub that it mirrors.
  return new URL(`${next.pathname}${next.search}`, from).href;
}

function jsonArray(bytes: Buffer): readonly unknown[] {
  const value: unknown = JSON.parse(bytes.toString('utf8'));
  if (!Array.isArray(value)) throw new Error('the hub sent something else than a list');
  return value;
}
