import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { Readable } from 'node:stream';
import { getCACertificates } from 'node:tls';
import { CommandError } from './command-error.ts';

/** By what a server is known to be the right one. */
export type Trust =
  /** The first certificate of this file alone, whatever name it is for. */
  | { readonly kind: 'pinned'; readonly certFile: string }
  /** The usual authorities, and those of this file. */
  | { readonly kind: 'authorities'; readonly caFile: string | null };

/** What `fetch` does, over TLS with our own trust, which `fetch` cannot be given. The body is a text or bytes. */
export async function fetchSecurely(url: URL, init: RequestInit, trust: Trust): Promise<Response> {
  const call = request(url, {
    method: init.method ?? 'GET',
    headers: { ...Object.fromEntries(new Headers(init.headers)) },
    ...(init.signal ? { signal: init.signal } : {}),
    ...tlsOptions(trust),
  });
  const { body } = init;
  call.end(typeof body === 'string' || body instanceof Uint8Array ? body : undefined);
  const [answer] = (await once(call, 'response').catch((cause: Error) => {
    throw cause.name === 'AbortError' ? cause : new TypeError('The connection failed', { cause });
  })) as [IncomingMessage];
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined) headers.set(name, String(value));
  return new Response(Readable.toWeb(answer) as ReadableStream, {
    status: answer.statusCode ?? 500,
    headers,
  });
}

function tlsOptions(trust: Trust): RequestOptions {
  if (trust.kind === 'pinned')
    return {
      // Its authority, which may follow in the file, has made others.
      ca: pinnedCertificate(trust.certFile),
      allowPartialTrustChain: true,
      checkServerIdentity: () => undefined,
    };
  if (trust.caFile === null) return {};
  return { ca: [...getCACertificates('default'), readFileSync(trust.caFile, 'utf8')] };
}

function pinnedCertificate(certFile: string): string {
  try {
    return new X509Certificate(readFileSync(certFile)).toString();
  } catch (error) {
    throw new CommandError(
      `The certificate of the Samovar that runs here, ${certFile}, cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      'Let this account read that file (it holds no secret), or run the command as the account that runs Samovar.',
    );
  }
}
