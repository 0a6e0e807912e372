import Type from 'typebox';
import { functionName, nullable, oneOf } from '../schema-pieces.ts';

/** Messages of a chat request. Members that official clients echo from an answer are taken back when empty. */

const text = Type.String({ maxLength: 20_000_000 });
const closed = { additionalProperties: false } as const;

const textPart = Type.Object(
  {
    type: Type.Literal('text'),
    text,
    prompt_cache_breakpoint: Type.Optional(Type.Unknown()),
  },
  closed,
);

const refusalPart = Type.Object({ type: Type.Literal('refusal'), refusal: text }, closed);

const textContent = Type.Union([text, Type.Array(textPart, { minItems: 1 })]);
const speakerName = Type.Optional(nullable(Type.String({ maxLength: 64 })));

const instruction = Type.Object(
  { role: oneOf('system', 'developer'), content: textContent, name: speakerName },
  closed,
);

const user = Type.Object({ role: Type.Literal('user'), content: textContent, name: speakerName }, closed);

const toolCall = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 256 }),
    type: Type.Literal('function'),
    function: Type.Object({ name: functionName, arguments: text }, closed),
    index: Type.Optional(Type.Integer()),
  },
  closed,
);

const assistant = Type.Object(
  {
    role: Type.Literal('assistant'),
    content: Type.Optional(
      nullable(Type.Union([text, Type.Array(Type.Union([textPart, refusalPart]), { minItems: 1 })])),
    ),
    name: speakerName,
    refusal: Type.Optional(nullable(text)),
    tool_calls: Type.Optional(nullable(Type.Array(toolCall, { maxItems: 128 }))),
    reasoning_content: Type.Optional(nullable(text)),
    annotations: Type.Optional(nullable(Type.Array(Type.Unknown()))),
    parsed: Type.Optional(Type.Unknown()),
    audio: Type.Optional(Type.Null()),
    function_call: Type.Optional(Type.Null()),
  },
  closed,
);

const tool = Type.Object(
  {
    role: Type.Literal('tool'),
    content: textContent,
    tool_call_id: Type.String({ minLength: 1, maxLength: 256 }),
    name: speakerName,
  },
  closed,
);

export const messages = Type.Array(Type.Union([instruction, user, assistant, tool]), {
  minItems: 1,
  maxItems: 100_000,
});

/** Members of a message that say nothing to the model: they are not handed on. */
export const silentMembers: readonly string[] = [
  'annotations',
  'parsed',
  'audio',
  'function_call',
  'prompt_cache_breakpoint',
];
