import type { RemoteRequest } from '../../kernel/ports/remote-transport.ts';

/** What the requests over the connections to one endpoint have in common. */
export interface RequestFrame {
  /** Before each path: the origin, where a proxy is asked for it; else empty. */
  readonly pathPrefix: string;
  readonly hostHeader: string;
  /** For a proxy that is asked for each request; `null`: none. */
  readonly proxyAuthorization: string | null;
}

/** One text for head and body: one write. Names, values and paths were checked when the connection was declared. */
export function requestText({ method, path, headers, body }: RemoteRequest, frame: RequestFrame): string {
  let text = `${method} ${frame.pathPrefix}${path} HTTP/1.1\r\nhost: ${frame.hostHeader}\r\naccept-encoding: identity\r\nuser-agent: samovar\r\n`;
  if (frame.proxyAuthorization !== null) text += `proxy-authorization: ${frame.proxyAuthorization}\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  if (method === 'GET') return `${text}\r\n`;
  return `${text}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
