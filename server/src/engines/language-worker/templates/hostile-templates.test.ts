import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Environment, Template } from '@huggingface/jinja';
import { startTestWorker } from '../../../../test/llama-worker.ts';
import { writeModelWithTemplate } from '../../../../test/model-with-template.ts';
import { testModel } from '../../../../test/models.ts';
import { SamovarError } from '../../../kernel/errors.ts';
import { BoundedInterpreter } from './bounded-interpreter.ts';
import { createPromptRenderer } from './render-prompt.ts';

const messages = [{ role: 'user', content: 'hello' }];

function refusalOf(template: string): SamovarError {
  try {
    createPromptRenderer({ name: 'm', template, bosToken: '<s>', eosToken: '</s>' })({ messages });
  } catch (error) {
    if (error instanceof SamovarError) return error;
    throw error;
  }
  return assert.fail('it was rendered');
}

const hostile: readonly (readonly [what: string, template: string, reason: RegExp])[] = [
  ['counts too far', '{% for a in range(100000000) %}x{% endfor %}', /range\(\) .* too long/],
  [
    'goes round for ever',
    '{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}',
    /takes longer than 3 seconds|lists that are too long/,
  ],
  [
    'doubles a text again and again',
    '{% set ns = namespace(x="xxxxxxxx") %}{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}',
    /texts that are too long/,
  ],
  [
    'doubles a list again and again',
    '{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = (ns.x + ns.x) | list %}{% endfor %}',
    /lists that are too long/,
  ],
  [
    'adds a list to itself again and again',
    '{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}',
    /lists that are too long/,
  ],
  [
    'puts a list twice into the next one again and again',
    '{% set ns = namespace(x=[1]) %}{% for a in range(60) %}{% set ns.x = [ns.x, {"y": ns.x | list}] %}{% endfor %}{{ ns.x }}',
    /lists that are too long/,
  ],
  [
    'lets namespaces refer to each other',
    '{% set a = namespace(x=1) %}{% set b = namespace(x=[a, a]) %}{% set a.x = [b, b] %}{{ a }}',
    /refer to themselves/,
  ],
  [
    'puts a namespace twice into the next one again and again',
    '{% set top = namespace(v=namespace(x=1)) %}{% for a in range(60) %}{% set top.v = namespace(x=[top.v, top.v]) %}{% endfor %}{{ top.v }}',
    /takes longer than 3 seconds|lists that are too long/,
  ],
  [
    'fills a namespace that lists have already',
    '{% set a = namespace(x=1) %}{% set b = [a, a] %}{% set c = b + b %}{{ c }}{% for i in range(40) %}{% set a.x = [a.x, a.x] %}{% endfor %}{{ c }}',
    /lists that are too long/,
  ],
  ['pads a text', '{{ "a\nb" | indent(500000000) }}', /pads texts by 500000000/],
  ['pads a text by a name', '{{ messages | tojson(indent=9999 * 9999) }}', /pads texts by/],
  ['calls itself for ever', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', /./],
  ['reaches for the inside', '{{ "".__class__.__mro__[1].__subclasses__() }}', /./],
  [
    'reaches for globals',
    '{{ cycler.__init__.__globals__.os.popen("id").read() }}{{ x.constructor.constructor("1")() }}',
    /./,
  ],
  ['uses what is not there', '{{ nothing_like_that() }}', /./],
  ['cannot be read', '{% for m in messages %}{{ unclosed ', /./],
];

for (const [what, template, reason] of hostile)
  test(`a template that ${what} gives an error of the catalogue in bounded time and memory`, () => {
    const begunAt = performance.now();
    const before = process.memoryUsage.rss();
    const { code, params } = refusalOf(template);
    assert.deepEqual([code, params.model], ['model.template_unusable', 'm']);
    assert.match(String(params.reason), reason);
    assert.doesNotMatch(String(params.reason), /\n|node_modules/);
    assert.ok(performance.now() - begunAt < 20_000);
    assert.ok(process.memoryUsage.rss() - before < 1e9, 'memory');
  });

test('a template is given time of the processor: a machine that is busy with others takes nothing of it', () => {
  const run = (work: (ms: number) => void): string => {
    const environment = new Environment();
    environment.set(
      'numbers',
      Array.from({ length: 200 }, (_, index) => index),
    );
    environment.set('work', () => work(5));
    const { parsed } = new Template('{% for n in numbers %}{{ work() }}{% endfor %}done');
    const limits = { milliseconds: 300, characters: 1e6, items: 1e6, madeCharacters: 1e6 };
    return String(new BoundedInterpreter(environment, limits).run(parsed).value);
  };
  const wait = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  assert.match(run(wait), /done$/);
  const compute = (ms: number) => {
    const until = process.threadCpuUsage().user + ms * 1000;
    while (process.threadCpuUsage().user < until);
  };
  assert.throws(() => run(compute), /takes longer than 0.3 seconds/);
});

test('a long conversation is far within the bounds', () => {
  const template =
    "{% set ns = namespace(n=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.n = ns.n + 1 %}{% endif %}{{ '<|' ~ m['role'] ~ '|>' ~ (m['content'] | trim) }}\n{% endfor %}{{ ns.n }}";
  const many = Array.from({ length: 5000 }, () => ({ role: 'user', content: 'word '.repeat(100) }));
  const render = createPromptRenderer({ name: 'm', template, bosToken: '', eosToken: '' });
  assert.match(render({ messages: many }), /\n5000$/);
});

let folder: string;
let broken: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samovar-template-'));
  broken = join(folder, 'model.gguf');
  const { files } = await testModel('smollm2-135m-instruct');
  await writeModelWithTemplate(files['model.gguf'] ?? '', broken, '{% for m in messages %}{{ m.x');
});
after(() => rm(folder, { recursive: true }));

test('a model whose template cannot be read completes texts, and says of chat why not', async () => {
  const worker = await startTestWorker({ files: { 'model.gguf': broken } });
  await worker.ready();
  const completed = await worker.post('/v1/completions', { prompt: 'One, two,', max_tokens: 3 });
  assert.equal(completed.status, 200, completed.text);
  const refused = await worker.post('/v1/chat/completions', { messages, max_tokens: 3 });
  assert.equal(refused.status, 400, refused.text);
  assert.equal(JSON.parse(refused.text).samovar.code, 'model.template_unusable');
  await worker.stop();
});

test('a template in the manifest takes the place of one that cannot be read', async () => {
  const { manifest } = await testModel('smollm2-135m-instruct');
  const chatTemplate = '{% for m in messages %}{{ m.content }}{% endfor %}';
  const worker = await startTestWorker({
    files: { 'model.gguf': broken },
    manifest: { ...manifest, engineOptions: { ...manifest.engineOptions, chatTemplate } },
  });
  await worker.ready();
  const answer = await worker.post('/v1/chat/completions', { messages, max_tokens: 3 });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(JSON.parse(answer.text).usage.prompt_tokens, 1);
  await worker.stop();
});
