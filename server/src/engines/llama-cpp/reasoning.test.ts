import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startTestWorker } from '../../../test/llama-worker.ts';
import { writeModelWithTemplate } from '../../../test/model-with-template.ts';
import { testModel } from '../../../test/models.ts';

/** A template that opens the reasoning, as those of reasoning models do. */
const template =
  "{% for message in messages %}<|im_start|>{{ message.role + '\\n' + message.content }}<|im_end|>\n{% endfor %}" +
  "{% if add_generation_prompt %}<|im_start|>assistant\n<think>{{ '\\n' }}{% endif %}";

const { manifest, files } = await testModel('smollm2-135m-instruct');
const [[name, path] = ['', '']] = Object.entries(files);
const folder = await mkdtemp(join(tmpdir(), 'samovar-reasoning-'));
const copy = join(folder, 'model.gguf');
await writeModelWithTemplate(path, copy, template);
const worker = await startTestWorker({
  files: { [name]: copy },
  manifest: { ...manifest, reasoning: 'thinkTags' },
});
assert.equal(await worker.ready(), 'ready');
after(async () => {
  await worker.stop();
  await rm(folder, { recursive: true });
});

const body = {
  messages: [{ role: 'user', content: 'Tell me about the sea.' }],
  max_tokens: 12,
  temperature: 0,
  logit_bias: { '0': -100, '2': -100 },
};

test('what a reasoning model thinks is its reasoning, not its answer, and its tokens are counted', async () => {
  const answer = await worker.chat(body);
  const message = answer.choices[0]?.message;
  assert.ok(message !== undefined && 'reasoning_content' in message);
  assert.ok(String(message.reasoning_content).length > 0);
  assert.equal(message.content, '');
  assert.equal(answer.usage?.completion_tokens_details?.reasoning_tokens, 12);

  const streamed = await worker.stream(body);
  const thought = streamed.chunks.map(({ choices }) => {
    const delta = choices[0]?.delta ?? {};
    return 'reasoning_content' in delta ? String(delta.reasoning_content) : '';
  });
  assert.equal(thought.join(''), message.reasoning_content);
  assert.equal(streamed.content, '');
  assert.equal(streamed.chunks.at(-1)?.usage?.completion_tokens_details?.reasoning_tokens, 12);
});

test('a forced form of the answer is the answer, also where the template has opened the reasoning', async () => {
  const schema = { type: 'object', properties: { sea: { const: 'blue' } }, required: ['sea'] };
  const formed = await worker.chat({
    ...body,
    max_tokens: 40,
    logit_bias: {},
    response_format: { type: 'json_schema', json_schema: { name: 'sea', schema, strict: true } },
  });
  assert.equal(JSON.parse(formed.choices[0]?.message.content ?? '').sea, 'blue');
  const called = await worker.chat({
    ...body,
    max_tokens: 60,
    logit_bias: {},
    tools: [{ type: 'function', function: { name: 'look' } }],
    tool_choice: 'required',
    parallel_tool_calls: false,
  });
  assert.equal(called.choices[0]?.message.tool_calls?.length, 1);
});
