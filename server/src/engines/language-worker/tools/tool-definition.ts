/** A function tool as the chat completions API declares it. */
export interface ToolDefinition {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string | undefined;
    /** JSON Schema of the arguments; absent means an object without properties. */
    readonly parameters?: unknown;
    readonly strict?: boolean | null | undefined;
  };
}

/** `tool_choice` of the chat completions API. */
export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { readonly type: 'function'; readonly function: { readonly name: string } };
