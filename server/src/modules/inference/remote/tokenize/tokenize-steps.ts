import type { TokenizeAnswer } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../../../kernel/errors.ts';
import type { RemoteFlavour, RemoteTarget } from '../../../serving/index.ts';
import { asObject, type JsonObject } from '../../json-object.ts';
import { unsupportedOperation } from '../../worker-error.ts';
import { bytesOfSpellings, looksLikeControl, piecesOf, type SpelledToken } from './token-spelling.ts';

/** A call that an engine is asked by. */
export interface TokenizeCall {
  /** Below the connection's prefix. */
  readonly path: string;
  readonly body: JsonObject;
}

/** Calls one after the other, each answered by a JSON object, then the tokens; `null`: what came is no answer. */
export type TokenizeSteps = Generator<TokenizeCall, TokenizeAnswer | null, JsonObject>;

/** As much as our own workers take: an answer is several times as long. */
const longestText = 512 * 1024;

const steps: Partial<Record<RemoteFlavour, (body: JsonObject, target: RemoteTarget) => TokenizeSteps>> = {
  'llama-server': askLlamaServer,
  vllm: askVllm,
  samovar: askSamovar,
};

/**
 * How an engine is asked for the tokens of `text`, or of the prompt that `messages` become. Throws
 * `engine.unsupported_operation` and `request.invalid`.
 */
export function tokenizeSteps(body: JsonObject, target: RemoteTarget): TokenizeSteps {
  const ask = target.capabilities.includes('tokenize') ? steps[target.flavour] : undefined;
  if (!ask) throw unsupportedOperation('tell the tokens of a text');
  const { text } = body;
  if (typeof text === 'string' && text.length > longestText) {
    const reason = `it has ${text.length} characters, of at most ${longestText} at once.`;
    throw new SamovarError('request.invalid', { params: { parameter: 'text', reason }, field: 'text' });
  }
  return ask(body, target);
}

function* askLlamaServer(body: JsonObject, { upstreamModel: model }: RemoteTarget): TokenizeSteps {
  const isText = typeof body.text === 'string';
  const content = isText
    ? body.text
    : (yield { path: '/apply-template', body: { ...promptOf(body), model } }).prompt;
  if (typeof content !== 'string') return null;
  // As it reads prompts itself: the text of a caller has no control tokens, that of a template has.
  const asked = { content, add_special: !isText, parse_special: !isText, with_pieces: true };
  const { tokens } = yield { path: '/tokenize', body: { ...asked, model } };
  if (!Array.isArray(tokens)) return null;
  const spelled = tokens.flatMap((token: unknown): SpelledToken[] => {
    const piece = asObject(token)?.piece;
    // A part of a character is told as its bytes.
    if (Array.isArray(piece)) return [{ bytes: Buffer.from(piece), special: false }];
    if (typeof piece !== 'string') return [];
    return [{ bytes: Buffer.from(piece), special: !isText && looksLikeControl(piece) }];
  });
  return answerOf(
    tokens.map((token: unknown) => asObject(token)?.id),
    spelled,
  );
}

function* askVllm(body: JsonObject, { upstreamModel: model }: RemoteTarget): TokenizeSteps {
  const { text } = body;
  const asked =
    typeof text === 'string' ? { prompt: text } : { ...promptOf(body), add_generation_prompt: true };
  const { tokens, token_strs: spellings } = yield {
    path: '/tokenize',
    body: { ...asked, model, add_special_tokens: false, return_token_strs: true },
  };
  if (
    !Array.isArray(tokens) ||
    !Array.isArray(spellings) ||
    !spellings.every((one) => typeof one === 'string')
  )
    return null;
  const bytes = bytesOfSpellings(spellings);
  const [first] = bytes;
  // Some vocabularies begin every text with a space.
  if (first && typeof text === 'string' && Buffer.concat(bytes).toString('utf8') === ` ${text}`)
    bytes[0] = first.subarray(1);
  return answerOf(
    tokens,
    bytes.map((one, index) => ({ bytes: one, special: looksLikeControl(spellings[index] ?? '') })),
  );
}

/** Another installation has the published service; its own workers know which tokens are control tokens. */
function* askSamovar(body: JsonObject, { upstreamModel }: RemoteTarget): TokenizeSteps {
  const modelUri = `gpt://0/${upstreamModel}/latest`;
  const { tokens } =
    typeof body.text === 'string'
      ? yield { path: '/foundationModels/v1/tokenize', body: { modelUri, text: body.text } }
      : yield {
          path: '/foundationModels/v1/tokenizeCompletion',
          body: { modelUri, messages: plainMessages(body) },
        };
  if (!Array.isArray(tokens)) return null;
  const spelled = tokens.flatMap((token: unknown): SpelledToken[] => {
    const { text, special } = asObject(token) ?? {};
    return typeof text === 'string' ? [{ bytes: Buffer.from(text), special: special === true }] : [];
  });
  return answerOf(
    tokens.map((token: unknown) => Number(asObject(token)?.id)),
    spelled,
  );
}

function answerOf(tokens: readonly unknown[], spelled: readonly SpelledToken[]): TokenizeAnswer | null {
  const ids = tokens.filter(
    (token) => typeof token === 'number' && Number.isSafeInteger(token) && token >= 0,
  );
  if (ids.length !== tokens.length || ids.length !== spelled.length) return null;
  return { tokens: ids.map(Number), count: ids.length, pieces: piecesOf(spelled) };
}

function promptOf({ messages, tools, tool_choice, chat_template_kwargs }: JsonObject): JsonObject {
  return {
    messages,
    ...(tools === undefined ? {} : { tools }),
    ...(tool_choice === undefined ? {} : { tool_choice }),
    ...(chat_template_kwargs === undefined ? {} : { chat_template_kwargs }),
  };
}

function plainMessages({ messages, tools }: JsonObject): readonly JsonObject[] {
  const plain = (Array.isArray(messages) ? messages : []).map((message: unknown) => {
    const { role, content, tool_calls: calls } = asObject(message) ?? {};
    if (typeof content !== 'string' || calls !== undefined || role === 'tool')
      throw unsupportedOperation(withTools);
    return { role, text: content };
  });
  if (tools !== undefined) throw unsupportedOperation(withTools);
  return plain;
}

const withTools = 'tell the tokens of a prompt with tools';
