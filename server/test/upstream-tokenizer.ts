import { sendJson, type UpstreamFlavour, type UpstreamRequest } from './upstream-request.ts';

/** Words with the space before them, control tokens whole; the id is the number of letters. */
const words = /<\|\w+\|>|\s?[^\s<]+|\s/g;

/** The routes that engines have for the tokens of a text, as far as callers can see. */
export function tokenizerRoutes(
  flavour: UpstreamFlavour,
): Record<string, (request: UpstreamRequest) => void> {
  if (flavour === 'vllm')
    return {
      '/tokenize': ({ body, response }) => {
        const text = typeof body.prompt === 'string' ? body.prompt : templated(body.messages);
        const tokens = text.match(words) ?? [];
        sendJson(response, 200, {
          count: tokens.length,
          max_model_len: 32_768,
          tokens: tokens.map(({ length }) => length),
          token_strs: body.return_token_strs === true ? tokens.map(asLetters) : null,
        });
      },
    };
  if (flavour !== 'llama-server') return {};
  return {
    '/apply-template': ({ body, response }) => sendJson(response, 200, { prompt: templated(body.messages) }),
    '/tokenize': ({ body, response }) => {
      const tokens = String(body.content).match(words) ?? [];
      const pieces = tokens.flatMap((token): (string | number[])[] =>
        // A character that is no token: one for each of its halves.
        token.endsWith('é') ? [token.slice(0, -1), [0xc3], [0xa9]] : [token],
      );
      sendJson(response, 200, { tokens: pieces.map((piece) => ({ id: piece.length, piece })) });
    },
  };
}

function templated(messages: unknown): string {
  const said = Array.isArray(messages) ? messages : [];
  return `${said.map(({ role, content }) => `<|start|>${role} ${content}<|end|>`).join('')}<|start|>assistant`;
}

/** As byte-level vocabularies spell it. */
function asLetters(token: string): string {
  return token.replaceAll(' ', 'Ġ').replaceAll('\n', 'Ċ').replaceAll('é', 'Ã©');
}
