import type { ChatMessage } from '../templates/chat-message.ts';
import type { ToolCallParser } from './answer-part.ts';
import type { ToolDefinition } from './tool-definition.ts';

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
  /** A parser for one choice. */
  createParser(): ToolCallParser;
}
