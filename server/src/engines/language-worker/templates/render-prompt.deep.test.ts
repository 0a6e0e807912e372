import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { conversations, toolConversations } from '../../../../test/chat-templates/conversations.ts';
import { createPromptRenderer } from './render-prompt.ts';
import { templateMessages } from './template-messages.ts';

/** The environment in which transformers renders chat templates, without transformers. */
const reference = `
import json, sys, datetime
from jinja2.sandbox import ImmutableSandboxedEnvironment
def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
def fail(message):
    raise Exception(message)
env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
env.filters["tojson"] = tojson
env.globals["raise_exception"] = fail
env.globals["strftime_now"] = lambda f: datetime.datetime.now().strftime(f)
given = json.load(sys.stdin)
sys.stdout.write(env.from_string(given["template"]).render(**given["variables"]))
`;

describe('the prompt renderer beside the reference implementation in Python', () => {
  for (const name of ['chatml', 'hermes', 'llama3', 'mistral']) {
    const inputs = name === 'chatml' ? conversations : { ...conversations, ...toolConversations };
    for (const [title, input] of Object.entries(inputs)) {
      it(`writes the same ${name} prompt for ${title}`, () => {
        const template = readFileSync(
          new URL(`../../../../test/chat-templates/${name}.jinja`, import.meta.url),
          'utf8',
        );
        const variables = {
          messages: templateMessages(input.messages),
          tools: input.tools ?? null,
          add_generation_prompt: input.addGenerationPrompt ?? true,
          bos_token: '<s>',
          eos_token: '</s>',
        };
        const expected = execFileSync('python3', ['-c', reference], {
          input: JSON.stringify({ template, variables }),
          encoding: 'utf8',
        });
        assert.equal(
          createPromptRenderer({ name: 'm', template, bosToken: '<s>', eosToken: '</s>' })(input),
          expected,
        );
      });
    }
  }
});
