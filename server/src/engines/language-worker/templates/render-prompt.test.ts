import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { conversations, toolConversations } from '../../../../test/chat-templates/conversations.ts';
import { SamovarError } from '../../../kernel/errors.ts';
import { createPromptRenderer, type PromptInput } from './render-prompt.ts';

const render = (name: string, input: PromptInput) =>
  createPromptRenderer({
    name: 'm',
    template: readFileSync(new URL(`../../../../test/chat-templates/${name}.jinja`, import.meta.url), 'utf8'),
    bosToken: '<s>',
    eosToken: '</s>',
  })(input);
const given = (name: string): PromptInput => {
  const input = conversations[name] ?? toolConversations[name];
  assert.ok(input);
  return input;
};
const refuses = (run: () => unknown, parameter: string, reason: RegExp) =>
  assert.throws(run, (error) => {
    assert.ok(error instanceof SamovarError);
    assert.equal(error.code, 'request.invalid');
    assert.equal(error.params.parameter, parameter);
    assert.match(String(error.params.reason), reason);
    return true;
  });

describe('the prompt renderer', () => {
  it('writes ChatML with its default system message', () => {
    assert.equal(
      render('chatml', given('one question')),
      '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nWeather in Köln?<|im_end|>\n<|im_start|>assistant\n',
    );
  });
  it('offers tools and writes calls and results as the Hermes family does', () => {
    const prompt = render('hermes', given('a call and its result'));
    assert.match(prompt, /<tools>\n\{"type": "function", "function": \{"name": "get_weather", /);
    assert.match(
      prompt,
      /<tool_call>\n\{"name": "get_weather", "arguments": \{"city": "Köln", "n": 1\.5\}\}\n<\/tool_call>/,
    );
    assert.match(
      prompt,
      /<\|im_start\|>user\n<tool_response>\n\{"temp": 21\}\n<\/tool_response><\|im_end\|>/,
    );
  });
  it('gives Llama 3 its date in English and its tools in the first message', () => {
    const prompt = render('llama3', given('tools offered'));
    assert.match(
      prompt,
      /^<s><\|start_header_id\|>system<\|end_header_id\|>\n\nToday Date: \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}\n/,
    );
    assert.match(prompt, /\{\n {4}"type": "function",\n/);
  });
  it('writes the tools of Mistral before the last question', () => {
    const prompt = render('mistral', given('tools offered'));
    assert.match(
      prompt,
      /^<s>\[AVAILABLE_TOOLS\] \[.*\]\[\/AVAILABLE_TOOLS\]\[INST\] S\n\nWeather in Köln\?\[\/INST\]$/,
    );
  });
  it('joins text parts, and takes developer messages for system ones', () => {
    const prompt = render('chatml', {
      messages: [
        { role: 'developer', content: 'D' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      ],
    });
    assert.equal(
      prompt,
      '<|im_start|>system\nD<|im_end|>\n<|im_start|>user\nab<|im_end|>\n<|im_start|>assistant\n',
    );
  });
  it('hands extra variables to the template, but none that are the template’s own', () => {
    assert.match(
      render('llama3', { ...given('one question'), extra: { date_string: '1 May 2030' } }),
      /Today Date: 1 May 2030/,
    );
    refuses(
      () => render('llama3', { ...given('one question'), extra: { messages: [] } }),
      'chat_template_kwargs.messages',
      /belongs to the template/,
    );
  });
  it('refuses parts that are not text, by their place', () => {
    refuses(
      () => render('chatml', { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }),
      'messages[0].content[0]',
      /"image_url"/,
    );
  });
  it('passes on what a template has against the messages', () => {
    const twice: PromptInput = {
      messages: [
        { role: 'user', content: 'a' },
        { role: 'user', content: 'b' },
      ],
    };
    refuses(() => render('mistral', twice), 'messages', /must alternate/);
  });
  it('does not let the text of a message become a part of the template', () => {
    assert.match(render('chatml', given('several turns')), /\n\{\{ now \}\}\?<\|im_end\|>/);
  });
});
