import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RemoteFixture, startRemoteFixture } from '../../../test/remote-fixture.ts';
import { sendJson } from '../../../test/upstream-request.ts';

let fixture: RemoteFixture;

before(async () => {
  fixture = await startRemoteFixture();
});
after(() => fixture.stop());

const ask = (method: 'tokenize' | 'tokenizeCompletion', body: object) =>
  fixture.call('POST', `/foundationModels/v1/${method}`, body);

const messageOf = (body: { message?: string; error?: { message: string } }): string =>
  body.message ?? body.error?.message ?? '';

/** Ids, texts and which are control tokens. */
function shown(body: { tokens: { id: string; text?: string; special?: boolean }[] }) {
  return body.tokens.map(({ id, text = '', special = false }) => [Number(id), text, special]);
}

for (const flavour of ['vllm', 'llama-server'] as const) {
  const model = `${flavour}-tokens`;

  test(`a ${flavour} tells tokens by its own routes, with the texts that they stand for`, async () => {
    const upstream = await fixture.upstream({ flavour, models: [model] });
    const { models } = await fixture.connect(`tokens-${flavour}`, upstream);
    assert.ok(models[0].capabilities.includes('tokenize'));
    const { status, body } = await ask('tokenize', {
      modelUri: `gpt://0/${model}/latest`,
      text: 'Un café noir',
    });
    assert.equal(status, 200, JSON.stringify(body));
    const tokens = shown(body);
    assert.equal(tokens.map(([, text]) => text).join(''), 'Un café noir');
    assert.deepEqual(
      tokens,
      flavour === 'vllm'
        ? [
            [2, 'Un', false],
            [5, ' café', false],
            [5, ' noir', false],
          ]
        : [
            [2, 'Un', false],
            [4, ' caf', false],
            [1, '', false],
            [1, 'é', false],
            [5, ' noir', false],
          ],
    );
    const asked = upstream.requests.at(-1);
    assert.equal(asked?.path, '/tokenize');
    assert.equal(flavour === 'vllm' ? asked?.body.add_special_tokens : asked?.body.add_special, false);
  });

  test(`the prompt that messages become at a ${flavour} is told with the control tokens of its template`, async () => {
    const { status, body } = await ask('tokenizeCompletion', {
      modelUri: `gpt://0/${model}/latest`,
      messages: [{ role: 'user', text: 'Hi' }],
    });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(
      shown(body).map(([, text, special]) => (special ? [text] : text)),
      [['<|start|>'], 'user', ' Hi', ['<|end|>'], ['<|start|>'], 'assistant'],
    );
  });
}

test('nothing is metered as tokens, and refusals of the engine are told as such', async () => {
  const upstream = await fixture.upstream({ flavour: 'llama-server', models: ['odd-tokens'] });
  await fixture.connect('odd-tokens', upstream);
  const modelUri = 'gpt://0/odd-tokens/latest';
  const statuses: [number, object, number, RegExp][] = [
    [500, { error: { message: 'oops' } }, 502, /failed at this request: it answered 500/],
    [404, {}, 400, /cannot tell the tokens/],
    [200, { tokens: [{ id: 'a' }] }, 502, /no answer/],
    [200, { tokens: [{ id: 1 }] }, 502, /no answer/],
    [200, {}, 502, /no answer/],
  ];
  for (const [status, said, expected, message] of statuses) {
    upstream.script = ({ path, response }) => {
      if (path !== '/tokenize') return false;
      sendJson(response, status, said);
      return true;
    };
    const answer = await ask('tokenize', { modelUri, text: 'a' });
    assert.equal(answer.status, expected, JSON.stringify(answer.body));
    assert.match(messageOf(answer.body), message);
  }
  upstream.script = null;
  const long = await ask('tokenize', { modelUri, text: 'a'.repeat(600_000) });
  assert.equal(long.status, 400);
  assert.match(messageOf(long.body), /524288/);
});

test('an engine without such a route is refused by what it cannot do, and is not asked', async () => {
  for (const [flavour, lacks] of [
    ['openai', []],
    ['sglang', []],
    ['vllm', ['tokenize']],
  ] as const) {
    const name = `mute-${flavour}`;
    const upstream = await fixture.upstream({ flavour, models: [name], lacks });
    const { models } = await fixture.connect(name, upstream);
    assert.ok(!models[0].capabilities.includes('tokenize'));
    const before = upstream.requests.length;
    const { status, body } = await ask('tokenize', { modelUri: `gpt://0/${name}/latest`, text: 'a' });
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(messageOf(body), /cannot tell the tokens of a text/);
    assert.equal(upstream.requests.length, before);
  }
});

test('of several engines of a model, one that tells tokens is asked', async () => {
  const able = await fixture.upstream({ flavour: 'vllm', models: ['org/Both'] });
  const mute = await fixture.upstream({ flavour: 'vllm', models: ['org/Both'], lacks: ['tokenize'] });
  await fixture.connect('both-able', able);
  await fixture.connect('both-mute', mute);
  for (let round = 0; round < 8; round += 1) {
    const { status } = await ask('tokenize', { modelUri: 'gpt://0/both/latest', text: `text ${round}` });
    assert.equal(status, 200);
  }
});
