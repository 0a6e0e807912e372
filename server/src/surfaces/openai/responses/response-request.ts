import { invalidParameter, unsupportedParameter } from '../check-parameters.ts';
import { refuseDeepValue } from '../read-body.ts';
import type { InputItem } from './input-schema.ts';

/** A checked request for a response. */
export interface ResponseRequest {
  readonly model: string;
  readonly input: string | readonly InputItem[];
  readonly instructions?: string;
  readonly stream?: boolean;
  readonly stream_options?: object;
  readonly max_output_tokens?: number;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_logprobs?: number;
  readonly include?: readonly string[];
  readonly text?: { readonly format?: ResponseFormat | null };
  readonly tools?: readonly ResponseFunction[];
  readonly tool_choice?: ResponseChoice;
  readonly parallel_tool_calls?: boolean;
  readonly reasoning?: { readonly effort?: ReasoningEffort | null };
  readonly metadata?: Readonly<Record<string, string>>;
  readonly top_k?: number;
  readonly min_p?: number;
  readonly repetition_penalty?: number;
  readonly chat_template_kwargs?: Readonly<Record<string, unknown>>;
}

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly name: string;
      readonly description?: string | null;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict?: boolean | null;
    };

export interface ResponseFunction {
  readonly type: 'function';
  readonly name: string;
  readonly description?: string | null;
  readonly parameters?: Readonly<Record<string, unknown>> | null;
  readonly strict?: boolean | null;
}

export type ResponseChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { readonly type: 'function'; readonly name: string }
  | {
      readonly type: 'allowed_tools';
      readonly mode: 'auto' | 'required';
      readonly tools: readonly { readonly type: 'function'; readonly name: string }[];
    };

/** Items that point into a store are refused with what helps, before their form is looked at. */
export function refuseItemReferences(input: unknown): void {
  if (!Array.isArray(input)) return;
  input.forEach((item: unknown, index) => {
    if (typeof item === 'object' && item !== null && 'type' in item && item.type === 'item_reference')
      throw unsupportedParameter(
        `input[${index}]`,
        'an `item_reference` needs stored answers; send the item itself (clients do so with `store: false`)',
      );
  });
}

/** Checks what no schema of a single parameter can: throws `request.invalid` with the parameter at fault. */
export function checkResponseRules(request: ResponseRequest): void {
  if (request.stream_options !== undefined && request.stream !== true)
    throw invalidParameter('stream_options', 'it is only allowed when `stream` is true');
  checkFunctions(request);
  if (typeof request.input !== 'string') checkCallOutputs(request.input);
  const format = request.text?.format;
  if (format?.type === 'json_schema') refuseDeepValue(format.schema, 'text.format.schema');
  refuseDeepValue(request.chat_template_kwargs, 'chat_template_kwargs');
}

function checkFunctions({ tools, tool_choice: choice }: ResponseRequest): void {
  const names = new Set<string>();
  tools?.forEach((tool, index) => {
    if (names.has(tool.name))
      throw invalidParameter(`tools[${index}].name`, `there is another function "${tool.name}"`);
    names.add(tool.name);
    refuseDeepValue(tool.parameters, `tools[${index}].parameters`);
  });
  if (choice === undefined || choice === 'none' || choice === 'auto') return;
  if (names.size === 0) throw invalidParameter('tool_choice', 'it is only allowed when `tools` are given');
  if (choice === 'required') return;
  for (const { name } of choice.type === 'function' ? [choice] : choice.tools) {
    if (!names.has(name))
      throw invalidParameter('tool_choice', `there is no function "${name}" in \`tools\``);
  }
}

function checkCallOutputs(items: readonly InputItem[]): void {
  const calls = new Set<string>();
  items.forEach((item, index) => {
    if (item.type === 'function_call') calls.add(item.call_id);
    if (item.type === 'function_call_output' && !calls.has(item.call_id))
      throw invalidParameter(
        `input[${index}].call_id`,
        `no function call with the id "${item.call_id}" comes before it`,
      );
  });
}
