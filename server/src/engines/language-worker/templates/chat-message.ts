/** A chat message as the chat completions API spells it, as far as a language model's template needs it. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: string | readonly ContentPart[] | null | undefined;
  readonly name?: string | undefined;
  readonly tool_calls?: readonly MessageToolCall[] | undefined;
  readonly tool_call_id?: string | undefined;
  readonly refusal?: string | null | undefined;
  readonly reasoning_content?: string | null | undefined;
}

/** Only `text` (and `refusal`) parts have meaning for a text model; others are refused by name. */
export interface ContentPart {
  readonly type: string;
  readonly text?: string | undefined;
  readonly refusal?: string | undefined;
}

export interface MessageToolCall {
  readonly id: string;
  readonly type: 'function';
  /** `arguments` is JSON text. */
  readonly function: { readonly name: string; readonly arguments: string };
}
