import Type from 'typebox';
import { functionName, nullable, oneOf } from '../schema-pieces.ts';

/** Input of a response: text, or items. Members of items that an answer carried are taken back. */

const closed = { additionalProperties: false } as const;
const text = Type.String({ maxLength: 20_000_000 });
const itemId = Type.Optional(nullable(Type.String({ maxLength: 256 })));
const callId = Type.String({ minLength: 1, maxLength: 256 });
const status = Type.Optional(nullable(oneOf('in_progress', 'completed', 'incomplete')));

const inputText = Type.Object(
  { type: Type.Literal('input_text'), text, prompt_cache_breakpoint: Type.Optional(Type.Unknown()) },
  closed,
);

const outputText = Type.Object(
  {
    type: Type.Literal('output_text'),
    text,
    annotations: Type.Optional(nullable(Type.Array(Type.Unknown()))),
    logprobs: Type.Optional(nullable(Type.Array(Type.Unknown()))),
  },
  closed,
);

const refusal = Type.Object({ type: Type.Literal('refusal'), refusal: text }, closed);

const message = Type.Object(
  {
    type: Type.Optional(Type.Literal('message')),
    role: oneOf('user', 'assistant', 'system', 'developer'),
    content: Type.Union([text, Type.Array(Type.Union([inputText, outputText, refusal]), { minItems: 1 })]),
    id: itemId,
    status,
    phase: Type.Optional(nullable(oneOf('commentary', 'final_answer'))),
  },
  closed,
);

const functionCall = Type.Object(
  {
    type: Type.Literal('function_call'),
    call_id: callId,
    name: functionName,
    arguments: text,
    id: itemId,
    status,
    parsed_arguments: Type.Optional(Type.Unknown()),
  },
  closed,
);

const functionCallOutput = Type.Object(
  {
    type: Type.Literal('function_call_output'),
    call_id: callId,
    output: Type.Union([text, Type.Array(inputText, { minItems: 1 })]),
    id: itemId,
    status,
  },
  closed,
);

const reasoning = Type.Object(
  {
    type: Type.Literal('reasoning'),
    id: itemId,
    summary: Type.Array(Type.Object({ type: Type.Literal('summary_text'), text }, closed)),
    content: Type.Optional(
      nullable(Type.Array(Type.Object({ type: Type.Literal('reasoning_text'), text }, closed))),
    ),
    encrypted_content: Type.Optional(Type.Null()),
    status,
  },
  closed,
);

export const responseInput = Type.Union([
  text,
  Type.Array(Type.Union([message, functionCall, functionCallOutput, reasoning]), {
    minItems: 1,
    maxItems: 100_000,
  }),
]);

/** An input item after its check. */
export type InputItem = InputMessage | InputFunctionCall | InputFunctionOutput | InputReasoning;

export interface InputMessage {
  readonly type?: 'message';
  readonly role: 'user' | 'assistant' | 'system' | 'developer';
  readonly content: string | readonly InputPart[];
}

export interface InputPart {
  readonly type: 'input_text' | 'output_text' | 'refusal';
  readonly text?: string;
  readonly refusal?: string;
}

export interface InputFunctionCall {
  readonly type: 'function_call';
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface InputFunctionOutput {
  readonly type: 'function_call_output';
  readonly call_id: string;
  readonly output: string | readonly InputPart[];
}

export interface InputReasoning {
  readonly type: 'reasoning';
  readonly summary: readonly { readonly text: string }[];
  readonly content?: readonly { readonly text: string }[] | null;
}
