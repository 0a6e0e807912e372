import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asErrorBody } from './answer-shapes.ts';
import { askWorker, type ConformingWorker } from './conforming-worker.ts';

/** What bad input gets: the standard's body, a code and the parameter's name. */
export function describeErrors(worker: ConformingWorker): void {
  const { refused, body, chat, health } = askWorker(worker);
  const path = '/v1/chat/completions';
  const schema = (value: unknown) => ({
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema: value } },
  });

  const cases: [name: string, extra: Record<string, unknown>, param: RegExp][] = [
    ['a temperature that is none', { temperature: 'hot' }, /^temperature$/],
    ['a temperature out of range', { temperature: 9 }, /^temperature$/],
    ['no messages', { messages: [] }, /^messages$/],
    ['messages of a wrong type', { messages: 'hi' }, /^messages$/],
    [
      'ten thousand stop strings',
      { stop: Array.from({ length: 10_000 }, (_, index) => `s${index}`) },
      /^stop$/,
    ],
    ['an empty stop string', { stop: '' }, /^stop$/],
    ['a limit of no tokens', { max_completion_tokens: 0 }, /^max_completion_tokens$/],
    ['a token that does not exist', { logit_bias: { '99999999': 1 } }, /^logit_bias$/],
    ['a thousand choices', { n: 1000 }, /^n$/],
    ['best log-probabilities without asking for any', { top_logprobs: 2 }, /^top_logprobs$/],
    ['stream options without a stream', { stream_options: { include_usage: true } }, /^stream_options$/],
    ['a tool choice without tools', { tool_choice: 'required' }, /^tool_choice$/],
    ['a parameter that nobody knows', { temprature: 1 }, /^temprature$/],
    [
      'an image',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }] },
      /^messages/,
    ],
    [
      'an impossible schema',
      schema({ type: 'object', properties: { a: { type: 'integer', minimum: 2, maximum: 1 } } }),
      /^response_format/,
    ],
    ['a schema with a reference to nowhere', schema({ $ref: '#/$defs/none' }), /^response_format/],
    ['a remote schema', schema({ $ref: 'https://example.com/x.json' }), /^response_format/],
  ];
  describe('errors', () => {
    for (const [name, extra, param] of cases) {
      it(`refuse ${name} by name`, async () => {
        const { status, code, param: named } = await refused(path, body(extra));
        assert.equal(status, 400);
        assert.match(String(code), /^(request|engine)\./);
        assert.match(String(named), param);
      });
    }

    it('tell both counts when a prompt does not fit, and the model still answers', async () => {
      const { status, code, message } = await refused(
        path,
        body({}, 'word '.repeat(worker.contextTokens * 2)),
      );
      assert.equal(status, 400);
      assert.equal(code, 'engine.context_exceeded');
      assert.match(message, new RegExp(`\\d+ tokens.* ${worker.contextTokens} tokens`));
      await chat({});
    });

    it('name malformed JSON, invalid UTF-8 and addresses that do not exist', async () => {
      for (const raw of ['{"model": ', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), '[1]', '']) {
        const { status, body: answer } = await worker.client().postRaw(path, raw);
        assert.equal(status, 400);
        asErrorBody(answer);
      }
      assert.equal((await worker.client().post('/v1/nothing', {})).status, 404);
      assert.equal((await worker.client().get(path)).status, 405);
    });

    it('refuse a request whose time is over before it begins', async () => {
      const { status, body: answer } = await worker
        .client()
        .post(path, body({}), { 'x-samovar-deadline': String(Date.now() - 1000) });
      assert.ok(status >= 400, JSON.stringify(answer));
      asErrorBody(answer);
    });

    it('refuse what does not fit into the queue, and serve on', async () => {
      const answers = await Promise.all(
        Array.from({ length: 60 }, () => worker.client().post(path, body({ max_completion_tokens: 2 }))),
      );
      const refusals = answers.filter(({ status }) => status !== 200);
      assert.ok(refusals.length > 0 && refusals.length < 60);
      for (const { status, headers, body: answer } of refusals) {
        assert.equal(status, 429);
        assert.equal(asErrorBody(answer).error.code, 'engine.busy');
        assert.ok(Number(headers['retry-after']) > 0);
      }
      assert.equal((await health()).queuedRequests, 0);
      await chat({});
    });
  });
}
