import { SamovarError } from '../../../kernel/errors.ts';

export interface OciReference {
  /** Host and port as written. */
  readonly registry: string;
  readonly name: string;
  /** A tag, or a digest (`sha256:…`). */
  readonly reference: string;
}

const form =
  /^oci:(?:\/\/)?([a-zA-Z0-9.-]+(?::\d+)?)\/([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** Takes `oci:registry/name[:tag|@sha256:…]` apart; without either, the tag is `latest`, as everywhere. */
export function parseOciSource(uri: string): OciReference {
  const [, registry, name, tag, digest] = form.exec(uri) ?? [];
  if (registry === undefined || name === undefined || !isHost(registry))
    throw new SamovarError('model.source_invalid', {
      params: { source: uri, reason: 'it is written oci:registry.example/name:tag, the registry included' },
    });
  return { registry, name, reference: digest ?? tag ?? 'latest' };
}

export function ociUri({ registry, name }: OciReference, digest: string): string {
  return `oci:${registry}/${name}@${digest}`;
}

/** The first part of an image's name is a registry only when it looks like a host. */
function isHost(text: string): boolean {
  return /[.:]/.test(text) || text === 'localhost';
}

/** Where a registry's API is: this machine's without encryption, as other clients do. */
export function registryUrl(registry: string): string {
  const host = ['docker.io', 'index.docker.io'].includes(registry) ? 'registry-1.docker.io' : registry;
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$/.test(host);
  return `${isLoopback ? 'http' : 'https'}://${host}`;
}
