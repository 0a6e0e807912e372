import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type FileRequest, type FileServer, type ServedContent, startFileServer } from './file-server.ts';

export interface HubRepository {
  /** `owner/name` */
  readonly name: string;
  readonly files: ReadonlyMap<string, ServedContent>;
  /** Kept as large files with their digest, at another origin; others are sent by the hub itself. */
  readonly large: (path: string) => boolean;
  readonly gated?: 'auto' | 'manual';
  readonly isPrivate?: boolean;
  readonly card?: Readonly<Record<string, unknown>>;
  /** Leaves the list of files out of the model's page, so that the tree must be read. */
  readonly withoutSiblings?: boolean;
}

export interface HubServer {
  /** What HF_ENDPOINT would be. */
  readonly endpoint: string;
  /** A token that opens gated and private repositories. */
  readonly token: string;
  readonly hub: FileServer;
  /** Where large files lie: another origin. */
  readonly cdn: FileServer;
  /** Answers the hub's next requests by these instead. */
  readonly refusals: { status: number; headers: Record<string, string> }[];
  /** Adds or replaces a repository; returns its commit. */
  publish(repository: HubRepository): string;
  stop(): Promise<void>;
}

/** Entries of one page of a tree. */
const pageEntries = 3;

/** A server that speaks the hub's protocol: its API, `resolve` with redirects to another origin, gates, limits. */
export async function startHubServer(): Promise<HubServer> {
  const repositories = new Map<string, { readonly commit: string; readonly repository: HubRepository }>();
  const token = 'hf_test_token_of_somebody_let_in';
  const refusals: HubServer['refusals'] = [];
  const cdn = await startFileServer();

  function answer(request: FileRequest, response: ServerResponse, url: URL): boolean {
    const refusal = refusals.shift();
    if (refusal !== undefined) {
      response.writeHead(refusal.status, refusal.headers).end();
      return true;
    }
    const isKnown = request.headers.authorization === `Bearer ${token}`;
    const [, nameInApi, asked, revisionInApi] =
      /^\/api\/models\/([\w.-]+\/[\w.-]+)\/(revision|tree)\/([^/]+)$/.exec(url.pathname) ?? [];
    const [, nameInFile, revisionInFile, path = ''] =
      /^\/([\w.-]+\/[\w.-]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
    const found = repositories.get(nameInApi ?? nameInFile ?? '');
    if (found === undefined || (found.repository.isPrivate && !isKnown)) {
      refuse(response, isKnown ? 404 : 401, 'RepoNotFound', 'Repository not found');
      return true;
    }
    const { repository, commit } = found;
    const revision = decodeURIComponent(revisionInApi ?? revisionInFile ?? '');
    if (![commit, 'main', 'refs/pr/1'].includes(revision))
      refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
    else if (asked === 'revision') sendJson(response, modelPage(repository, commit));
    else if (asked === 'tree') sendTree(response, repository, url);
    else sendFile(repository, commit, decodeURIComponent(path), isKnown, request, response);
    return true;
  }

  function sendFile(
    repository: HubRepository,
    commit: string,
    path: string,
    isKnown: boolean,
    request: FileRequest,
    response: ServerResponse,
  ): void {
    const content = repository.files.get(path);
    if (repository.gated && !isKnown) {
      const words = `Access to model ${repository.name} is restricted. You must have access to it and be authenticated to access it. Please log in.`;
      refuse(response, request.headers.authorization ? 403 : 401, 'GatedRepo', words);
    } else if (content === undefined) refuse(response, 404, 'EntryNotFound', 'Entry not found');
    else if (repository.large(path)) {
      response
        .writeHead(302, {
          location: `${cdn.url}/${content.sha256}?signature=short-lived`,
          'x-repo-commit': commit,
          'x-linked-size': String(content.sizeBytes),
          'x-linked-etag': `"${content.sha256}"`,
        })
        .end();
    } else {
      // Small files come by a redirect that stays at the hub.
      const place = `/api/resolve-cache/${commit}/${path}`;
      hub.files.set(place, { content });
      response.writeHead(307, { location: place, 'x-repo-commit': commit }).end();
    }
  }

  const hub = await startFileServer({ answer });
  return {
    endpoint: hub.url,
    token,
    hub,
    cdn,
    refusals,
    publish(repository) {
      const content = [...repository.files].map(([path, { sha256 }]) => `${path} ${sha256}`).join('\n');
      const commit = createHash('sha1').update(content).digest('hex');
      repositories.set(repository.name, { commit, repository });
      for (const content of repository.files.values()) cdn.files.set(`/${content.sha256}`, { content });
      return commit;
    },
    async stop() {
      await Promise.all([hub.stop(), cdn.stop()]);
    },
  };
}

function modelPage(repository: HubRepository, commit: string): unknown {
  return {
    id: repository.name,
    sha: commit,
    private: repository.isPrivate ?? false,
    gated: repository.gated ?? false,
    disabled: false,
    cardData: repository.card ?? {},
    siblings: repository.withoutSiblings
      ? [...repository.files.keys()].map((rfilename) => ({ rfilename }))
      : [...repository.files].map(([rfilename, content]) => ({
          rfilename,
          size: content.sizeBytes,
          blobId: content.sha256.slice(0, 40),
          ...(repository.large(rfilename)
            ? { lfs: { sha256: content.sha256, size: content.sizeBytes, pointerSize: 135 } }
            : {}),
        })),
  };
}

function sendTree(response: ServerResponse, repository: HubRepository, url: URL): void {
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const entries = [...repository.files].map(([path, content]) => ({
    type: 'file',
    path,
    oid: content.sha256.slice(0, 40),
    size: content.sizeBytes,
    ...(repository.large(path)
      ? { lfs: { oid: content.sha256, size: content.sizeBytes, pointerSize: 135 } }
      : {}),
  }));
  const all = [{ type: 'directory', path: 'folder', oid: '', size: 0 }, ...entries];
  const next = new URL(url.href);
  next.searchParams.set('cursor', String(from + pageEntries));
  if (from + pageEntries < all.length)
    response.setHeader('link', `<https://hub.example${next.pathname}${next.search}>; rel="next"`);
  sendJson(response, all.slice(from, from + pageEntries));
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string, words: string): void {
  response.writeHead(status, { 'x-error-code': code, 'x-error-message': words }).end();
}
