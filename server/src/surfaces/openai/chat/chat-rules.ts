import { invalidParameter } from '../check-parameters.ts';
import { refuseDeepValue } from '../read-body.ts';

/** A checked chat request, as far as the rules between its parameters need it. */
export interface ChatParameters {
  readonly messages: readonly ChatRequestMessage[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean | null };
  readonly max_completion_tokens?: number;
  readonly max_tokens?: number;
  readonly n?: number;
  readonly logprobs?: boolean;
  readonly top_logprobs?: number;
  readonly tools?: readonly ChatRequestTool[];
  readonly tool_choice?: ChatToolChoice;
  readonly parallel_tool_calls?: boolean;
  readonly response_format?: { readonly json_schema?: { readonly schema?: unknown } };
  readonly reasoning_effort?: string;
  readonly chat_template_kwargs?: Readonly<Record<string, unknown>>;
  readonly model: string;
}

export interface ChatRequestMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly refusal?: string | null;
  readonly tool_calls?: readonly ChatRequestCall[] | null;
  readonly tool_call_id?: string;
}

export interface ChatRequestCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface ChatRequestTool {
  readonly type: 'function';
  readonly function: { readonly name: string; readonly parameters?: unknown };
}

export type ChatToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { readonly type: 'function'; readonly function: { readonly name: string } }
  | {
      readonly type: 'allowed_tools';
      readonly allowed_tools: {
        readonly mode: 'auto' | 'required';
        readonly tools: readonly { readonly function: { readonly name: string } }[];
      };
    };

/** Checks what no schema of a single parameter can: throws `request.invalid` with the parameter at fault. */
export function checkChatRules(request: ChatParameters): void {
  if (request.max_tokens !== undefined && request.max_completion_tokens !== undefined)
    throw invalidParameter('max_tokens', '`max_tokens` and `max_completion_tokens` cannot both be set');
  if (request.stream_options !== undefined && request.stream !== true)
    throw invalidParameter('stream_options', 'it is only allowed when `stream` is true');
  if (request.top_logprobs !== undefined && request.logprobs !== true)
    throw invalidParameter('top_logprobs', 'it is only allowed when `logprobs` is true');
  request.messages.forEach(checkMessage);
  checkTools(request);
  refuseDeepValue(request.response_format?.json_schema?.schema, 'response_format.json_schema.schema');
  refuseDeepValue(request.chat_template_kwargs, 'chat_template_kwargs');
}

function checkMessage(message: ChatRequestMessage, index: number): void {
  if (message.role !== 'assistant') return;
  const says = message.content !== undefined && message.content !== null;
  if (!says && !message.refusal && !message.tool_calls?.length)
    throw invalidParameter(
      `messages[${index}].content`,
      'an assistant message needs content or tool_calls',
      'invalid_type',
    );
}

function checkTools(request: ChatParameters): void {
  const { tools, tool_choice: choice } = request;
  const names = new Set<string>();
  tools?.forEach((tool, index) => {
    if (names.has(tool.function.name))
      throw invalidParameter(
        `tools[${index}].function.name`,
        `there is another function "${tool.function.name}"`,
      );
    names.add(tool.function.name);
    refuseDeepValue(tool.function.parameters, `tools[${index}].function.parameters`);
  });
  if (choice === undefined) return;
  if (names.size === 0) throw invalidParameter('tool_choice', 'it is only allowed when `tools` are given');
  if (typeof choice === 'string') return;
  const chosen = choice.type === 'function' ? [choice] : choice.allowed_tools.tools;
  for (const { function: named } of chosen) {
    if (!names.has(named.name))
      throw invalidParameter('tool_choice', `there is no function "${named.name}" in \`tools\``);
  }
}
