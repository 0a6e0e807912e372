import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { GrammarCache } from '../grammar/grammar-cache.ts';
import type { ChatMessage } from '../templates/chat-message.ts';
import type { ToolCallParser } from './answer-part.ts';
import { type CallingFamily, callFormats } from './call-format.ts';
import {
  type CallGrammarInput,
  callGrammar,
  callGrammarBehindMarker,
  callOrTextGrammar,
} from './call-grammar.ts';
import { fitCallId, newCallId } from './call-id.ts';
import { createCallParser } from './call-parser.ts';
import { describeTools, withoutToolRoles, withSystemText } from './describe-tools.ts';
import { createReasoningParser } from './reasoning-parser.ts';
import { createTextParser } from './text-parser.ts';
import type { ToolChoice, ToolDefinition } from './tool-definition.ts';

/** How one request's tools reach the model and how calls come back. */
export interface ToolPlan {
  /** What the template gets as `tools`; `null` when the template must not see any. */
  readonly promptTools: readonly ToolDefinition[] | null;
  /**
   * The messages as the template can render them. Always call it: it describes tools in the system message and
   * rewrites calls and results of the history where the template knows none, and fits call ids to the family.
   */
  prepareMessages(messages: readonly ChatMessage[]): ChatMessage[];
  /** GBNF that the whole answer follows, or `null` when it is free. */
  readonly grammar: string | null;
  /**
   * The answer is free until this text appears; from there on (the text itself excluded) it follows `grammar`.
   * When the rest of the token that completed the trigger does not fit the grammar, the answer stays free.
   */
  readonly lazyTrigger?: { readonly text: string; readonly grammar: string };
  /**
   * A parser for one choice.
   * @param begins `reasoning` when the prompt ends inside an opened `<think>`; `answer` unless said otherwise.
   */
  createParser(begins?: 'answer' | 'reasoning'): ToolCallParser;
}

export interface ToolPlanInput {
  readonly family: ModelManifest['toolCalls'];
  /** `thinkTags` takes the reasoning in front of the answer apart; `none` unless said otherwise. */
  readonly reasoning?: ModelManifest['reasoning'];
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  /** Whether one answer may hold several calls. */
  readonly parallel: boolean;
  /** Grammars of earlier requests. */
  readonly grammars?: GrammarCache;
}

/**
 * Plans how tools are told to the model, which grammar holds its calls and how they are read.
 * @throws SamovarError `request.invalid` when the schema of a `strict` tool cannot be kept to.
 */
export function planTools(input: ToolPlanInput): ToolPlan {
  const { family, reasoning = 'none', tools, toolChoice } = input;
  const withReasoning = (parser: ToolCallParser, begins: 'answer' | 'reasoning') =>
    reasoning === 'thinkTags' ? createReasoningParser(parser, begins) : parser;
  if (family === 'none' || toolChoice === 'none' || tools.length === 0) {
    return {
      promptTools: null,
      prepareMessages: (messages) => historyFor(family, messages),
      grammar: null,
      createParser: (begins = 'answer') => withReasoning(createTextParser(), begins),
    };
  }
  const names = new Set(tools.map((tool) => tool.function.name));
  return {
    promptTools: family === 'grammar' ? null : tools,
    prepareMessages: (messages) => preparedMessages(input, messages),
    ...planGrammar(family, input),
    createParser: (begins = 'answer') =>
      withReasoning(
        createCallParser(callFormats[family], { names, forced: toolChoice !== 'auto' }, () =>
          newCallId(family),
        ),
        begins,
      ),
  };
}

function planGrammar(family: CallingFamily, input: ToolPlanInput): Pick<ToolPlan, 'grammar' | 'lazyTrigger'> {
  const { toolChoice, parallel } = input;
  const format = callFormats[family];
  const allowed = input.tools
    .map((tool, index) => ({ tool, index }))
    .filter(({ tool }) => typeof toolChoice !== 'object' || tool.function.name === toolChoice.function.name);
  const grammarInput: CallGrammarInput = {
    format,
    tools: allowed,
    parallel: parallel && typeof toolChoice !== 'object',
    mayReason: input.reasoning === 'thinkTags',
  };
  const made = (make: (input: CallGrammarInput) => string): string =>
    input.grammars?.keep([make.name, family, allowed, grammarInput.parallel, grammarInput.mayReason], () =>
      make(grammarInput),
    ) ?? make(grammarInput);
  if (toolChoice !== 'auto') return { grammar: made(callGrammar) };
  if (family === 'grammar') return { grammar: made(callOrTextGrammar) };
  // A call that stands alone has no beginning that could not be an answer too: it stays free.
  if (format.bare) return { grammar: null };
  return {
    grammar: null,
    lazyTrigger: { text: format.marker, grammar: made(callGrammarBehindMarker) },
  };
}

function preparedMessages(input: ToolPlanInput, messages: readonly ChatMessage[]): ChatMessage[] {
  const { family, tools, toolChoice, parallel } = input;
  const history = historyFor(family, messages);
  if (family !== 'grammar') return history;
  return withSystemText(history, describeTools(tools, toolChoice, { format: callFormats.grammar, parallel }));
}

/** Calls and results of earlier turns in the form that the family's template can render. */
function historyFor(family: ModelManifest['toolCalls'], messages: readonly ChatMessage[]): ChatMessage[] {
  if (family === 'none' || family === 'grammar') return withoutToolRoles(messages, callFormats.grammar);
  if (family !== 'mistral') return [...messages];
  return messages.map((message) => ({
    ...message,
    ...(message.tool_call_id === undefined ? {} : { tool_call_id: fitCallId(message.tool_call_id) }),
    ...(message.tool_calls === undefined
      ? {}
      : { tool_calls: message.tool_calls.map((call) => ({ ...call, id: fitCallId(call.id) })) }),
  }));
}
