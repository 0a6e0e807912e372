import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { contentOf, type FileRequest, type FileServer, startFileServer } from './file-server.ts';

export interface OciLayer {
  readonly mediaType: string;
  readonly body: Buffer;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface OciArtifact {
  /** `maker/model` */
  readonly name: string;
  readonly tag: string;
  readonly configType?: string;
  readonly layers: readonly OciLayer[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** Put behind a list of manifests, beside an attestation. */
  readonly inList?: boolean;
}

export type OciAccess = 'open' | 'anonymous token' | 'token for the user' | 'basic';

export interface OciServer {
  /** Host and port, as in a source. */
  readonly registry: string;
  /** Who may pull at all. */
  readonly user: { readonly name: string; readonly password: string };
  readonly server: FileServer;
  /** Where blobs lie: another origin. */
  readonly blobs: FileServer;
  access: OciAccess;
  /** Returns the digest of the manifest. */
  publish(artifact: OciArtifact): string;
  /** Serves other bytes under a digest. */
  falsify(digest: string): void;
  stop(): Promise<void>;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

/** A registry of the distribution specification, with the ways of access that registries have. */
export async function startOciServer(): Promise<OciServer> {
  const manifests = new Map<string, { readonly type: string; readonly body: Buffer }>();
  const user = { name: 'puller', password: 'a secret of theirs' };
  const basic = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
  const token = 'a-token-for-a-while';
  const blobs = await startFileServer();

  function isAllowed(request: FileRequest): boolean {
    const { authorization } = request.headers;
    if (oci.access === 'open') return true;
    return authorization === (oci.access === 'basic' ? basic : `Bearer ${token}`);
  }

  function challenge(response: ServerResponse): void {
    const bearer = `Bearer realm="${server.url}/token",service="test registry",scope="repository:maker/model:pull"`;
    const asked = oci.access === 'basic' ? 'Basic realm="test"' : bearer;
    response.writeHead(401, { 'www-authenticate': asked }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
  }

  function giveToken(request: FileRequest, response: ServerResponse, url: URL): void {
    const isComplete = url.searchParams.get('service') === 'test registry' && url.searchParams.has('scope');
    const isKnown = oci.access === 'anonymous token' || request.headers.authorization === basic;
    if (isComplete && isKnown) response.end(JSON.stringify({ token, expires_in: 300 }));
    else response.writeHead(401).end();
  }

  function answer(request: FileRequest, response: ServerResponse, url: URL): boolean {
    if (request.path === '/token') giveToken(request, response, url);
    else if (!isAllowed(request)) challenge(response);
    else if (request.path.includes('/blobs/'))
      response.writeHead(307, { location: `${blobs.url}/${request.path.split('/').at(-1)}` }).end();
    else {
      const manifest = manifests.get(request.path);
      if (manifest === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': manifest.type }).end(manifest.body);
    }
    return true;
  }

  function keep(name: string, type: string, document: unknown, tag: string | null): string {
    const body = Buffer.from(JSON.stringify(document));
    const digest = digestOf(body);
    for (const reference of [digest, tag])
      if (reference !== null) manifests.set(`/v2/${name}/manifests/${reference}`, { type, body });
    return digest;
  }

  const server = await startFileServer({ answer });
  const oci: OciServer = {
    registry: new URL(server.url).host,
    user,
    server,
    blobs,
    access: 'open',
    publish({ name, tag, configType = 'application/vnd.oci.empty.v1+json', layers, annotations, inList }) {
      const config = descriptor(configType, Buffer.from('{}'));
      const described = layers.map((layer) => {
        blobs.files.set(`/${digestOf(layer.body)}`, { content: contentOf(layer.body) });
        return { ...descriptor(layer.mediaType, layer.body), annotations: layer.annotations };
      });
      const manifest = { schemaVersion: 2, mediaType: manifestType, config, layers: described, annotations };
      const digest = keep(name, manifestType, manifest, inList ? null : tag);
      if (inList) {
        const entry = { mediaType: manifestType, digest, size: 1 };
        const other = { mediaType: manifestType, digest: digestOf(Buffer.from('attestation')), size: 1 };
        const list = [
          { ...other, platform: { os: 'unknown', architecture: 'unknown' } },
          { ...entry, platform: { os: 'linux', architecture: 'riscv64' } },
        ];
        keep(name, indexType, { schemaVersion: 2, mediaType: indexType, manifests: list }, tag);
      }
      return digest;
    },
    falsify(digest) {
      for (const [path, manifest] of manifests)
        if (path.endsWith(digest))
          manifests.set(path, { ...manifest, body: Buffer.from(`${manifest.body.toString()} `) });
    },
    async stop() {
      await Promise.all([server.stop(), blobs.stop()]);
    },
  };
  return oci;
}

function descriptor(mediaType: string, body: Buffer): Record<string, unknown> {
  return { mediaType, digest: digestOf(body), size: body.length };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
