import { Template } from '@huggingface/jinja';
import type { ModelManifest } from '@samovar/contract/worker-protocol';

/** What a chat template tells by its text; it is parsed and never rendered here. */
export interface TemplateFacts {
  /** How calls stand in the model's answers; `grammar` where the template knows no tools, or a form of its own. */
  readonly toolCalls: ModelManifest['toolCalls'];
  readonly reasoning: ModelManifest['reasoning'];
  /** Why it cannot be used; `null` when it can. */
  readonly fault: string | null;
}

const longestTemplate = 1024 * 1024;

export function templateFacts(template: string): TemplateFacts {
  return {
    toolCalls: toolCallsOf(template),
    reasoning: /<think>/.test(template) ? 'thinkTags' : 'none',
    fault: faultOf(template),
  };
}

function toolCallsOf(template: string): ModelManifest['toolCalls'] {
  if (!/\btools\b/.test(template)) return 'grammar';
  // Calls as XML elements inside the Hermes tag, and Mistral's newer form without JSON lists, are other languages.
  if (/<tool_call>/.test(template)) return /<function=|<arg_key>/.test(template) ? 'grammar' : 'hermes';
  if (/\[TOOL_CALLS\]/.test(template)) return /\[ARGS\]/.test(template) ? 'grammar' : 'mistral';
  if (/<\|python_tag\|>|<\|eom_id\|>/.test(template)) return 'llama3';
  if (/<\|start_header_id\|>/.test(template) && /"parameters"/.test(template)) return 'llama3';
  return 'grammar';
}

function faultOf(template: string): string | null {
  if (template.length > longestTemplate) return `it has ${template.length} characters`;
  const fault = parseFault(template);
  if (fault === null) return null;
  const line = lineOf(template, fault);
  return `line ${line}: ${fault}`;
}

function parseFault(template: string): string | null {
  try {
    new Template(template);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.split('\n')[0]?.slice(0, 200) ?? '';
  }
}

/** The parser does not say where it stopped: the first line after which it says the same as of the whole text. */
function lineOf(template: string, fault: string): number {
  const lines = template.split('\n');
  let [first, last] = [1, lines.length];
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    if (parseFault(lines.slice(0, middle).join('\n')) === fault) last = middle;
    else first = middle + 1;
  }
  return first;
}

/** What a person is told of a chat model whose template is missing or has a fault; `null` when there is nothing to tell. */
export function templateFinding(template: TemplateFacts | null): string | null {
  if (template === null) return 'It has no chat template: it completes texts, and chat is refused.';
  if (template.fault === null) return null;
  return `Its chat template cannot be used (${template.fault}): it completes texts, and chat is refused. \`engineOptions.chatTemplate\` of its manifest can give it another.`;
}
