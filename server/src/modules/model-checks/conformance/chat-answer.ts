import type { Answer } from '../asked-model.ts';

type Json = Readonly<Record<string, unknown>>;

export interface ToolCall {
  readonly name: string;
  readonly arguments: string;
}

/** What an answer of a chat says, whole or from its events. */
export interface ChatAnswer {
  readonly content: string;
  readonly calls: readonly ToolCall[];
  readonly finishReasons: readonly string[];
  /** Of a stream: events with a part of the text. */
  readonly parts: number;
}

export function readChat({ objects }: Answer): ChatAnswer {
  const choices = objects.flatMap(choicesOf);
  const deltas = choices.map((choice) => Object(choice.delta ?? choice.message) as Json);
  const texts = deltas.map(({ content }) => (typeof content === 'string' ? content : ''));
  return {
    content: texts.join(''),
    calls: callsOf(deltas),
    finishReasons: choices.flatMap(({ finish_reason: reason }) =>
      typeof reason === 'string' ? [reason] : [],
    ),
    parts: texts.filter((text) => text !== '').length,
  };
}

export function choicesOf({ choices }: Json): Json[] {
  return Array.isArray(choices) ? choices.filter(isRecord) : [];
}

/** The parts of a call come one after the other, under its index. */
function callsOf(deltas: readonly Json[]): ToolCall[] {
  const calls: { name: string; arguments: string }[] = [];
  for (const { tool_calls: parts } of deltas)
    for (const [place, part] of (Array.isArray(parts) ? parts.filter(isRecord) : []).entries()) {
      const index = typeof part.index === 'number' ? part.index : place;
      const known = calls[index] ?? { name: '', arguments: '' };
      const called = Object(part.function) as Json;
      calls[index] = {
        name: known.name + (typeof called.name === 'string' ? called.name : ''),
        arguments: known.arguments + (typeof called.arguments === 'string' ? called.arguments : ''),
      };
    }
  return calls.filter((call) => call !== undefined);
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `null` where a text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
