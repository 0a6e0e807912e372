import { SamovarError } from '../../kernel/errors.ts';
import type { EngineConnection, EngineSecrets, ModelMapping, RemoteEngine } from './remote-engine.ts';

const modelName = /^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?$/;
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/;
/** Visible characters, spaces and tabs: nothing that ends a line. */
const headerValue = /^[\t\x20-\x7e]{1,8192}$/;
/** What the transport writes itself, or what would change how an answer is framed. */
const ownHeaders = new Set([
  ...['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect', 'te', 'trailer'],
  ...[
    'content-type',
    'accept-encoding',
    'authorization',
    'proxy-authorization',
    'x-request-id',
    'user-agent',
  ],
]);

/**
 * The base of an engine's addresses: scheme, host and an optional prefix; `/v1` at its end is taken off, as paths begin
 * with it. Throws `request.invalid`.
 */
export function readBaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw invalid('baseUrl', 'it must be an address that begins with http:// or https://.');
  if (url.username !== '' || url.password !== '')
    throw invalid('baseUrl', 'it must not hold a password; send `key` or `headers`, which are kept sealed.');
  if (url.search !== '' || url.hash !== '')
    throw invalid('baseUrl', 'it must end with its path, without `?` and `#`.');
  const prefix = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
  if (!/^[\w\-./~%]*$/.test(prefix)) throw invalid('baseUrl', 'its path holds characters that it must not.');
  return `${url.origin}${prefix}`;
}

/** Throws `request.invalid` for what could not be sent, or would be sent wrongly. */
export function checkSecrets({ key, headers }: EngineSecrets): void {
  if (key !== null && !headerValue.test(key))
    throw invalid('key', 'it holds characters that a header cannot carry.');
  for (const [name, value] of Object.entries(headers)) {
    if (!headerName.test(name)) throw invalid('headers', `\`${name.slice(0, 100)}\` is no name of a header.`);
    if (ownHeaders.has(name.toLowerCase()))
      throw invalid('headers', `\`${name}\` is written by the server itself; send \`key\` for a key.`);
    if (!headerValue.test(value))
      throw invalid('headers', `the value of \`${name}\` holds characters that a header cannot carry.`);
  }
}

/** Throws `request.invalid` for a mapping that is not one. */
export function checkMapping({ mapping, discover }: Pick<EngineConnection, 'mapping' | 'discover'>): void {
  if (mapping.length === 0 && !discover)
    throw invalid('models', 'without `discover`, at least one model must be declared.');
  if (new Set(mapping.map(({ upstream }) => upstream)).size < mapping.length)
    throw invalid('models', 'one name of the engine is mapped twice.');
  const names = mapping.map(nameHere);
  if (new Set(names).size < names.length)
    throw invalid('models', 'two models of one engine cannot have the same name.');
  for (const name of names)
    if (!modelName.test(name))
      throw invalid(
        'models',
        `\`${name.slice(0, 128)}\` cannot be a name: lower-case letters, digits, dots, hyphens, underscores.`,
      );
}

/**
 * A key is sent where it was declared for. Throws `request.invalid` when another server is to get what only the former
 * one was trusted with: who may change a connection does not know its key, and shall not learn it by moving it.
 */
export function checkMove(
  engine: Pick<RemoteEngine, 'baseUrl' | 'hasKey' | 'headerNames'>,
  change: { readonly key?: string | null; readonly headers?: object },
  baseUrl: string | undefined,
): void {
  if (baseUrl === undefined || new URL(baseUrl).origin === new URL(engine.baseUrl).origin) return;
  if (engine.hasKey && change.key === undefined)
    throw invalid('key', 'the key was given for another server: send it again, or `null` for none.');
  if (engine.headerNames.length > 0 && change.headers === undefined)
    throw invalid('headers', 'the headers were given for another server: send them again, or `{}` for none.');
}

/** The certificate authorities of a connection. Throws `request.invalid` when the text holds none. */
export function checkCa(ca: string | null): void {
  if (ca !== null && !/-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(ca))
    throw invalid('ca', 'it must be one or more certificates in PEM.');
}

/** The name under which a model of the engine is called here. */
export function nameHere({ upstream, name }: Pick<ModelMapping, 'upstream' | 'name'>): string {
  return name ?? nameOfUpstream(upstream);
}

/** `meta-llama/Llama-3.1-8B-Instruct` → `llama-3.1-8b-instruct`; `/models/qwen.Q4_K_M.gguf` → `qwen.q4_k_m`. */
export function nameOfUpstream(upstream: string): string {
  const last = upstream.split('/').at(-1) ?? upstream;
  return last
    .toLowerCase()
    .replace(/\.gguf$/, '')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 128)
    .replace(/[^a-z0-9]+$/, '');
}

function invalid(parameter: string, reason: string): SamovarError {
  return new SamovarError('request.invalid', { params: { parameter, reason }, field: parameter });
}
