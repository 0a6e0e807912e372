import type { RemoteEndpoint, RemoteTransport } from '../../../kernel/ports/remote-transport.ts';
import { withoutSecrets } from '../../../kernel/without-secrets.ts';

/** An answer read whole. */
export interface EngineAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; `undefined` when it is none. */
  readonly json: unknown;
}

/** Short calls to an engine, for what is asked of it between requests. Reject when there is no whole answer. */
export interface EngineClient {
  get(path: string): Promise<EngineAnswer>;
  post(path: string, body: object): Promise<EngineAnswer>;
}

const answerLimitBytes = 16 * 1024 * 1024;

/** `prefix` stands before each path; `headers` are names and values in turns. */
export function createEngineClient(
  transport: RemoteTransport,
  endpoint: RemoteEndpoint,
  prefix: string,
  headers: readonly string[],
): EngineClient {
  const call = (method: 'GET' | 'POST', path: string, body: string): Promise<EngineAnswer> =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let status = 0;
      let head: EngineAnswer['headers'] = {};
      let sizeBytes = 0;
      const fail = (cause: Error): void => {
        const shown = withoutSecrets(cause.message, headers);
        reject(shown === cause.message ? cause : new Error(shown));
      };
      const sent = method === 'POST' ? ['content-type', 'application/json', ...headers] : headers;
      const running = transport.call(
        endpoint,
        { method, path: `${prefix}${path}`, headers: sent, body },
        {
          begin(code, fields) {
            status = code;
            head = fields;
          },
          data(chunk) {
            sizeBytes += chunk.length;
            if (sizeBytes <= answerLimitBytes) chunks.push(chunk);
            else {
              running.abort();
              reject(new Error(`the answer of ${path} is larger than ${answerLimitBytes} bytes`));
            }
            return true;
          },
          ended() {
            const said = Buffer.concat(chunks).toString('utf8');
            // What it says of a refusal is shown to people.
            const text = status === 200 ? said : withoutSecrets(said, headers);
            resolve({ status, headers: head, text, json: jsonOf(text) });
          },
          unreachable: fail,
          lost: fail,
        },
      );
    });
  return {
    get: (path) => call('GET', path, ''),
    post: (path, body) => call('POST', path, JSON.stringify(body)),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
