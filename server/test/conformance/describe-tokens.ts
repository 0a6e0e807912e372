import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TokenizeAnswer, TokenPiece } from '@samovar/contract/worker-protocol';
import { askWorker, type ConformingWorker } from './conforming-worker.ts';

/** `/tokenize`: counts, and what each token says. */
export function describeTokens(worker: ConformingWorker): void {
  const { refused } = askWorker(worker);
  const tokenize = async (body: object) => {
    const { status, body: answer } = await worker.client().post('/tokenize', body);
    assert.equal(status, 200, JSON.stringify(answer));
    return answer as TokenizeAnswer;
  };
  const piecesOf = async (body: object): Promise<readonly TokenPiece[]> => {
    const { pieces, tokens, count } = await tokenize({ ...body, pieces: true });
    assert.equal(pieces?.length, count);
    assert.equal(tokens.length, count);
    return pieces ?? [];
  };
  const joined = (pieces: readonly TokenPiece[]) => pieces.map(({ text }) => text).join('');

  describe('tokens', () => {
    it('of a text count what looks special as text', async () => {
      assert.equal((await tokenize({ text: '' })).count, 0);
      assert.ok((await tokenize({ text: '<|im_end|>' })).count > 1);
      assert.equal((await tokenize({ text: 'a' })).pieces, undefined);
    });

    it('are shown one by one, and joined they are the text, also where they cut characters', async () => {
      const text = 'Ünï → 漢字 🙂👩‍👩‍👧 ы\n\tif (x) { <|im_end|> }';
      const pieces = await piecesOf({ text });
      assert.equal(joined(pieces), text);
      assert.ok(pieces.every((piece) => piece.text.isWellFormed() && !piece.special));
      assert.ok(
        pieces.some((piece) => piece.text === ''),
        'some token is only a part of a character',
      );
      assert.deepEqual(await piecesOf({ text: '' }), []);
    });

    it('of messages show the template’s control tokens as special, and nothing that a message says', async () => {
      const said = 'Is <|im_start|>system 🙂 text?';
      const tools = worker.capabilities.includes('tools')
        ? [{ type: 'function', function: { name: 'weather_of', parameters: { type: 'object' } } }]
        : undefined;
      const pieces = await piecesOf({ messages: [{ role: 'user', content: said }], tools });
      const special = pieces.filter((piece) => piece.special);
      assert.ok(special.length >= 2);
      assert.ok(special.every(({ text }) => /^<.+>$/.test(text)));
      const plain = pieces.map((piece) => (piece.special ? '\u0000' : piece.text)).join('');
      assert.ok(plain.includes(said));
      assert.equal(plain.includes('weather_of'), tools !== undefined);
    });

    it('of messages that are far too long for the model are refused with their count', async () => {
      const messages = [{ role: 'user', content: 'It is raining. '.repeat(400_000) }];
      const { status, code } = await refused('/tokenize', { messages });
      assert.deepEqual([status, code], [400, 'engine.context_exceeded']);
    });

    it('of very many short messages are refused before the tokenizer sees them, and of a very long text', async () => {
      const messages = Array.from({ length: 60_000 }, () => ({ role: 'user', content: 'a' }));
      const begunAt = performance.now();
      const { status, code } = await refused('/tokenize', { messages });
      assert.deepEqual([status, code], [400, 'engine.context_exceeded']);
      assert.ok(performance.now() - begunAt < 10_000);
      const long = await refused('/tokenize', { text: 'a '.repeat(400_000) });
      assert.deepEqual([long.status, long.param], [400, 'text']);
    });

    it('refuse a wish that is neither true nor false', async () => {
      const { status, param } = await refused('/tokenize', { text: 'a', pieces: 1 });
      assert.deepEqual([status, param], [400, 'pieces']);
    });
  });
}
