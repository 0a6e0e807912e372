import type { Tiktoken } from 'js-tiktoken/lite';
import { SamovarError } from '../../kernel/errors.ts';

/** Text of a token array in the encoding that a model's manifest declares. */
export type DecodeTokens = (tokens: readonly number[]) => Promise<string>;

/** The highest id of cl100k_base: `<|endofprompt|>`. */
const highestId = 100_276;

/**
 * The decoder of an encoding; its table is loaded with the first array that comes, as most clients send texts.
 * Without a declared encoding token arrays are refused: ids of another vocabulary would give embeddings of something
 * else, and nobody would notice.
 */
export function createTokenDecoder(encoding: 'cl100k_base' | null): DecodeTokens {
  if (encoding === null) return refuse;
  let loading: Promise<Tiktoken> | null = null;
  return async (tokens) => {
    const unknown = tokens.find((token) => token > highestId);
    if (unknown !== undefined)
      throw new SamovarError('request.invalid', {
        params: { parameter: 'input', reason: `${unknown} is not a token of ${encoding}` },
        field: 'input',
      });
    loading ??= loadTable();
    return (await loading).decode([...tokens]);
  };
}

async function loadTable(): Promise<Tiktoken> {
  const [lite, { default: ranks }] = await Promise.all([
    import('js-tiktoken/lite'),
    import('js-tiktoken/ranks/cl100k_base'),
  ]);
  return new lite.Tiktoken(ranks);
}

function refuse(): never {
  throw new SamovarError('request.unsupported_parameter', {
    params: {
      parameter: 'input',
      reason:
        'this model declares no encoding of token arrays; send texts (LangChain: `check_embedding_ctx_length=False`)',
    },
    field: 'input',
  });
}
