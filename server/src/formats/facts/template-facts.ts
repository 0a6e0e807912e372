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
  try {
    new Template(template);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
