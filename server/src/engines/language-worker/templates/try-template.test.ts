import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tryTemplate } from './try-template.ts';

const published = (name: string) =>
  readFileSync(
    fileURLToPath(new URL(`../../../../test/chat-templates/${name}.jinja`, import.meta.url)),
    'utf8',
  );
const loop = '{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}';

const sound: readonly (readonly [what: string, template: string])[] = [
  ...['chatml', 'hermes', 'llama3', 'mistral'].map(
    (name) => [`is that of ${name}`, published(name)] as const,
  ),
  [
    'refuses system texts',
    `{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}${loop}`,
  ],
  [
    'wants a system text',
    `{% if messages[0].role != 'system' %}{{ raise_exception('a system text is needed') }}{% endif %}${loop}`,
  ],
  ['takes one turn', `{% if messages | length > 1 %}{{ raise_exception('one turn') }}{% endif %}${loop}`],
];

for (const [what, template] of sound)
  test(`a template that ${what} is found sound`, () => assert.equal(tryTemplate(template), null));

const faulty: readonly (readonly [what: string, template: string, reason: RegExp])[] = [
  ['uses what is not there', `{{ nothing_like_that() }}${loop}`, /./],
  ['forgets the messages', '<|user|>', /what the user says is not in the prompt/],
  ['refuses everybody', `{{ raise_exception('not for chat') }}${loop}`, /not for chat/],
  [
    'goes on for ever',
    `{% for a in range(99999) %}{% for b in range(999) %}{% endfor %}{% endfor %}${loop}`,
    /./,
  ],
  ['fails with tools alone', `{% if tools %}{{ tools.nothing.at_all() }}{% endif %}${loop}`, /^with tools /],
  ['cannot be read', '{% for m in messages %}', /./],
];

for (const [what, template, reason] of faulty)
  test(`a template that ${what} is named with the reason`, () => {
    assert.match(tryTemplate(template) ?? '', reason);
  });

test('what a template says itself is told in one short line, without what no terminal or database takes', () => {
  for (const said of ['x'.repeat(100_000), '\u0000\u001b[2J\u009b2J', 'one\ntwo']) {
    const told = tryTemplate(`{{ raise_exception('${said}') }}${loop}`) ?? '';
    assert.match(told, /refuses them: (x+|\ufffd.*|one)$/u);
    assert.doesNotMatch(told, /\p{C}/u);
    assert.ok(told.length <= 300);
  }
});
