import { type GgufMetadata, numberOf, numbersOf, textOf, textsOf } from '../../gguf/gguf-value.ts';
import type { JsonRecord } from '../../json-value.ts';
import { refusal } from '../../refuse-files.ts';
import { type GgufTokens, hubTokenizerBodies } from './hub-tokenizer-bodies.ts';
import { tokenRoles } from './token-roles.ts';
import { tokenKinds } from './vocabulary.ts';

/**
 * `tokenizer.json` and `tokenizer_config.json` for the vocabulary of a GGUF file, whose arrays have been kept. Throws
 * `model.refused` for kinds of tokenizers that cannot be written so.
 */
export function hubTokenizerFiles(metadata: GgufMetadata): Record<string, JsonRecord> {
  const kind = textOf(metadata, 'tokenizer.ggml.model') ?? '';
  const tokens: GgufTokens = {
    texts: textsOf(metadata, 'tokenizer.ggml.tokens') ?? [],
    types: numbersOf(metadata, 'tokenizer.ggml.token_type') ?? [],
  };
  if (tokens.texts.length === 0) throw refusal('it has no vocabulary');
  const body = Object.hasOwn(hubTokenizerBodies, kind) ? hubTokenizerBodies[kind] : undefined;
  if (body === undefined)
    throw refusal(`its tokenizer of the kind ${kind.slice(0, 40)} cannot be written as tokenizer.json`);
  const special = (name: string) => {
    const id = numberOf(metadata, `tokenizer.ggml.${name}_token_id`);
    return id === null ? null : (tokens.texts[id] ?? null);
  };
  const [bos, eos] = [special('bos'), special('eos')];
  // A WordPiece text always stands between its two.
  const adds =
    kind === 'bert'
      ? { bos: true, eos: true }
      : { bos: flag(metadata, 'add_bos_token'), eos: flag(metadata, 'add_eos_token') };
  const roles = tokenRoles.flatMap(({ hub, gguf }) => {
    const token = special(gguf);
    return token === null ? [] : [[`${hub}_token`, token]];
  });
  const template = textOf(metadata, 'tokenizer.chat_template');
  return {
    'tokenizer.json': {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: addedTokens(tokens),
      ...body(metadata, tokens),
      post_processor: processorOf({ bos: adds.bos ? bos : null, eos: adds.eos ? eos : null }, tokens),
    },
    'tokenizer_config.json': {
      tokenizer_class: 'PreTrainedTokenizerFast',
      ...Object.fromEntries(roles),
      add_bos_token: adds.bos,
      add_eos_token: adds.eos,
      ...(template === null ? {} : { chat_template: template }),
    },
  };
}

function flag(metadata: GgufMetadata, name: string): boolean {
  const found = metadata.get(`tokenizer.ggml.${name}`);
  return found !== undefined && found.type === 'bool' && found.value === true;
}

function addedTokens({ texts, types }: GgufTokens): JsonRecord[] {
  return texts.flatMap((content, id) => {
    const type = types[id] ?? tokenKinds.normal;
    if (type !== tokenKinds.control && type !== tokenKinds.userDefined) return [];
    const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id, content, ...plain, special: type === tokenKinds.control }];
  });
}

function processorOf(
  around: { readonly bos: string | null; readonly eos: string | null },
  { texts }: GgufTokens,
): JsonRecord | null {
  const specials = [around.bos, around.eos].filter((each) => each !== null);
  if (specials.length === 0) return null;
  const token = (id: string | null) => (id === null ? [] : [{ SpecialToken: { id, type_id: 0 } }]);
  const whole = (id: 'A' | 'B') => ({ Sequence: { id, type_id: 0 } });
  return {
    type: 'TemplateProcessing',
    single: [...token(around.bos), whole('A'), ...token(around.eos)],
    pair: [...token(around.bos), whole('A'), ...token(around.bos), whole('B'), ...token(around.eos)],
    special_tokens: Object.fromEntries(
      specials.map((id) => [id, { id, ids: [texts.indexOf(id)], tokens: [id] }]),
    ),
  };
}
