import type { RemoteFlavour } from '../../serving/index.ts';
import type { EngineClient } from './engine-client.ts';
import { listOf, objectOf, textOf } from './read-json.ts';

const text = 'Hello world';

/** Whether the engine tells the tokens of a text, each with its own text. Rejects when it stops answering. */
export async function detectTokenizer(
  client: EngineClient,
  flavour: RemoteFlavour,
  model: string,
): Promise<boolean> {
  if (flavour === 'llama-server') {
    const body = { content: text, add_special: false, parse_special: false, with_pieces: true, model };
    const { status, json } = await client.post('/tokenize', body);
    const pieces = listOf(objectOf(json).tokens).map((token) => textOf(objectOf(token).piece));
    return status === 200 && pieces.join('').trimStart() === text;
  }
  if (flavour === 'vllm') {
    const body = { prompt: text, model, add_special_tokens: false, return_token_strs: true };
    const { status, json } = await client.post('/tokenize', body);
    const { tokens, token_strs: spellings } = objectOf(json);
    return (
      status === 200 && listOf(spellings).length > 0 && listOf(tokens).length === listOf(spellings).length
    );
  }
  if (flavour !== 'samovar') return false;
  const modelUri = `gpt://0/${model}/latest`;
  const { status, json } = await client.post('/foundationModels/v1/tokenize', { modelUri, text });
  return status === 200 && listOf(objectOf(json).tokens).length > 0;
}
