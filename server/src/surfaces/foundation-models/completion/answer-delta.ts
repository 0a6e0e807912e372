import { SamovarError } from '../../../kernel/errors.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** What a model wrote next: an event of a stream, or a whole answer. Its reasoning is never shown. */
export interface AnswerDelta {
  readonly text: string;
  readonly calls: readonly CallDelta[];
  readonly finishReason: string | null;
}

export interface CallDelta {
  readonly index: number;
  readonly name: string;
  readonly arguments: string;
}

/** `null` for an event without a choice, such as the one with the usage. Throws `engine.failed` for nonsense. */
export function readDelta(answer: JsonObject): AnswerDelta | null {
  const choice = asObject(Array.isArray(answer.choices) ? answer.choices[0] : undefined);
  if (choice === null) return null;
  const said = asObject(choice.delta) ?? asObject(choice.message) ?? {};
  const calls = Array.isArray(said.tool_calls) ? said.tool_calls : [];
  return {
    text: textOf(said.content) || textOf(said.refusal),
    calls: calls.map(readCall),
    finishReason: typeof choice.finish_reason === 'string' ? choice.finish_reason : null,
  };
}

function readCall(value: unknown, place: number): CallDelta {
  const call = asObject(value);
  const called = asObject(call?.function);
  if (call === null || called === null)
    throw new SamovarError('engine.failed', { cause: new Error('a tool call names no function') });
  return {
    index: typeof call.index === 'number' ? call.index : place,
    name: textOf(called.name),
    arguments: textOf(called.arguments),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}
