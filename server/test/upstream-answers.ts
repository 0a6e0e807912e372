import type { ServerResponse } from 'node:http';
import { sendJson, type UpstreamFlavour, type UpstreamRequest } from './upstream-request.ts';
import { tokenizerRoutes } from './upstream-tokenizer.ts';

export interface UpstreamOptions {
  readonly flavour: UpstreamFlavour;
  /** What it serves, by its own names. */
  readonly models: readonly string[];
  readonly embedding?: boolean;
  /** Without this bearer token it answers 401. */
  readonly key?: string;
  readonly port?: number;
  /** What its answers say; the name of the model when absent. */
  readonly text?: string;
  /** Events of a stream, one every so many milliseconds. */
  readonly paceMs?: number;
  readonly lacks?: readonly ('tools' | 'json-schema' | 'logprobs' | 'completions' | 'tokenize')[];
}

type Json = Record<string, unknown>;

/** The usual answers of an engine of a kind, as far as they differ in what a caller can see. */
export function upstreamAnswers(
  options: UpstreamOptions,
  adapters: Map<string, string>,
): (request: UpstreamRequest) => void {
  const { flavour, key } = options;
  const names = () => [...options.models, ...adapters.keys()];

  return (request) => {
    const { path, body, response } = request;
    if (key !== undefined && request.headers.authorization !== `Bearer ${key}`)
      return sendJson(response, 401, { error: { message: 'Invalid API key.', type: 'auth', code: 401 } });
    const own = ownRoutes(options, adapters)[path];
    if (own) return own(request);
    if (path === '/v1/models' && flavour !== 'tei')
      return sendJson(response, 200, {
        object: 'list',
        data: names().map((name) => entryOf(name, options, adapters)),
      });
    if (path === '/v1/embeddings' && options.embedding) return embed(request, options);
    if (path !== '/v1/chat/completions' && path !== '/v1/completions')
      return sendJson(response, 404, { error: { message: 'Not found', type: 'NotFoundError' } });
    if (typeof body.model !== 'string' || !names().includes(body.model))
      return sendJson(response, 404, { error: { message: `The model ${body.model} does not exist.` } });
    if (options.embedding || refuses(options, path, body))
      return sendJson(response, 400, {
        error: { message: 'This model does not do that.', type: 'BadRequestError' },
      });
    return path === '/v1/completions' ? complete(request, options) : chat(request, options);
  };
}

function ownRoutes(options: UpstreamOptions, adapters: Map<string, string>) {
  const { flavour } = options;
  const routes = options.lacks?.includes('tokenize') ? {} : tokenizerRoutes(flavour);
  if (flavour === 'vllm') {
    routes['/version'] = ({ response }) => sendJson(response, 200, { version: '0.33.0' });
    routes['/v1/load_lora_adapter'] = ({ body, response }) => {
      const { lora_name: name, lora_path: folder } = body;
      if (typeof name !== 'string' || typeof folder !== 'string')
        return sendJson(response, 400, {
          error: { message: "Both 'lora_name' and 'lora_path' must be provided." },
        });
      if (adapters.has(name))
        return sendJson(response, 400, {
          error: { message: `The lora adapter '${name}' has already been loaded.`, type: 'InvalidUserInput' },
        });
      if (folder.startsWith('/missing'))
        return sendJson(response, 400, { error: { message: `No adapter found for ${folder}` } });
      adapters.set(name, folder);
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end(`Success: LoRA adapter '${name}' added successfully.`);
    };
    routes['/v1/unload_lora_adapter'] = ({ body, response }) => {
      if (!adapters.delete(String(body.lora_name)))
        return sendJson(response, 404, { error: { message: 'The lora adapter cannot be found.' } });
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end(`Success: LoRA adapter '${body.lora_name}' removed successfully.`);
    };
  }
  if (flavour === 'sglang')
    routes['/get_server_info'] = ({ response }) =>
      sendJson(response, 200, { version: '0.5.23', context_length: 16_384 });
  if (flavour === 'llama-server')
    routes['/props'] = ({ response }) =>
      sendJson(response, 200, {
        default_generation_settings: { n_ctx: 4096 },
        total_slots: 4,
        build_info: 'b9999-abcdef',
      });
  if (flavour === 'tei')
    routes['/info'] = ({ response }) =>
      sendJson(response, 200, {
        model_id: options.models[0],
        model_sha: 'abc',
        model_type: { embedding: { pooling: 'mean' } },
        max_input_length: 512,
        version: '1.8.0',
      });
  return routes;
}

function entryOf(id: string, { flavour, models }: UpstreamOptions, adapters: Map<string, string>): Json {
  const entry = { id, object: 'model', created: Math.floor(Date.now() / 1000) };
  if (flavour === 'vllm')
    return {
      ...entry,
      owned_by: 'vllm',
      root: adapters.get(id) ?? id,
      parent: adapters.has(id) ? models[0] : null,
      max_model_len: adapters.has(id) ? null : 32_768,
    };
  if (flavour === 'sglang') return { ...entry, owned_by: 'sglang', root: id, max_model_len: 16_384 };
  if (flavour === 'llama-server')
    return { ...entry, owned_by: 'llamacpp', meta: { n_ctx_train: 8192, n_params: 134_515_008 } };
  return { ...entry, owned_by: 'somebody' };
}

function refuses({ lacks = [] }: UpstreamOptions, path: string, body: Json): boolean {
  return (
    (path === '/v1/completions' && lacks.includes('completions')) ||
    (body.tools !== undefined && lacks.includes('tools')) ||
    (body.response_format !== undefined && lacks.includes('json-schema')) ||
    (body.logprobs !== undefined && lacks.includes('logprobs'))
  );
}

const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
const logprob = { token: 'ok', logprob: -0.5, bytes: [111, 107] };

/** What engines add to the published shapes. */
function extrasOf({ flavour }: UpstreamOptions): { readonly choice: Json; readonly answer: Json } {
  if (flavour === 'vllm')
    return {
      choice: { stop_reason: null, token_ids: null },
      answer: { prompt_logprobs: null, kv_transfer_params: null },
    };
  if (flavour === 'sglang')
    return { choice: { matched_stop: 2 }, answer: { metadata: { weight_version: 'default' } } };
  if (flavour === 'llama-server') return { choice: {}, answer: { timings: { predicted_ms: 3 } } };
  return { choice: {}, answer: {} };
}

function chat({ body, response }: UpstreamRequest, options: UpstreamOptions): void {
  if (body.stream === true) sendEvents(response, chatEvents(body, options), options.paceMs ?? 0);
  else sendJson(response, 200, wholeChat(body, options));
}

function wholeChat(body: Json, options: UpstreamOptions): Json {
  const extras = extrasOf(options);
  const logprobs = body.logprobs
    ? { content: [{ ...logprob, top_logprobs: [logprob] }], refusal: null }
    : null;
  const call = {
    id: 'call_1',
    type: 'function',
    function: { name: 'get_weather', arguments: '{"city":"Paris"}' },
  };
  const message = body.tools
    ? { role: 'assistant', content: null, refusal: null, tool_calls: [call] }
    : { role: 'assistant', content: answerText(body, options), refusal: null };
  const reason = body.tools ? 'tool_calls' : 'stop';
  return {
    ...headOf(body),
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs, finish_reason: reason, ...extras.choice }],
    usage,
    ...extras.answer,
  };
}

function chatEvents(body: Json, options: UpstreamOptions): Json[] {
  const extras = extrasOf(options);
  const event = (delta: Json, reason: string | null) => ({
    ...headOf(body),
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason, ...extras.choice }],
    ...extras.answer,
  });
  const events: Json[] = [
    event({ role: 'assistant', content: '' }, null),
    ...answerText(body, options)
      .split(/(?<= )/)
      .map((word) => event({ content: word }, null)),
    event({}, 'stop'),
  ];
  const wantsUsage = (body.stream_options as Json | undefined)?.include_usage === true;
  if (wantsUsage) events.push({ ...headOf(body), object: 'chat.completion.chunk', choices: [], usage });
  return events;
}

function headOf(body: Json): Json {
  return { id: 'chatcmpl-up', created: 1, model: body.model };
}

function answerText(body: Json, options: UpstreamOptions): string {
  if (body.response_format) return '{"verdict":"samovar"}';
  return options.text ?? `I am ${body.model}`;
}

function complete({ body, response }: UpstreamRequest, options: UpstreamOptions): void {
  const extras = extrasOf(options);
  sendJson(response, 200, {
    id: 'cmpl-up',
    object: 'text_completion',
    created: 1,
    model: body.model,
    choices: [{ index: 0, text: ' three', logprobs: null, finish_reason: 'length', ...extras.choice }],
    usage,
    ...extras.answer,
  });
}

function embed({ body, response }: UpstreamRequest, { flavour, models }: UpstreamOptions): void {
  const inputs = Array.isArray(body.input) ? body.input : [body.input];
  sendJson(response, 200, {
    object: 'list',
    data: inputs.map((_, index) => ({ object: 'embedding', index, embedding: [0.6, 0.8, index] })),
    // It serves one, whatever it is asked for.
    model: flavour === 'tei' ? models[0] : body.model,
    usage: { prompt_tokens: 2, total_tokens: 2 },
  });
}

export function sendEvents(response: ServerResponse, events: readonly Json[], paceMs: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const texts = [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), 'data: [DONE]\n\n'];
  if (paceMs === 0) {
    response.end(texts.join(''));
    return;
  }
  const timer = setInterval(() => {
    const text = texts.shift();
    if (text !== undefined && !response.destroyed) response.write(text);
    if (texts.length > 0 && !response.destroyed) return;
    clearInterval(timer);
    response.end();
  }, paceMs);
}
