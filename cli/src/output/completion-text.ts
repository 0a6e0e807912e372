/** An answered request as people read it: facts for a table, then what the model said. */
export interface CompletionText {
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly said: readonly string[];
}

/** Reads the response of a done operation of kind `completion`; `null` when it is of another form. */
export function completionText(response: object): CompletionText | null {
  const { answer, counts, model } = response as Partial<Record<string, unknown>>;
  const choices = isRecord(answer) && Array.isArray(answer.choices) ? answer.choices.filter(isRecord) : [];
  if (choices.length === 0) return null;
  const facts: [string, string][] = [];
  if (typeof model === 'string') facts.push(['answered by', model]);
  if (isRecord(counts))
    facts.push(['tokens', `${Number(counts.inputTokens)} in, ${Number(counts.outputTokens)} out`]);
  const endings = choices.flatMap(({ finish_reason: reason }) =>
    typeof reason === 'string' ? [reason] : [],
  );
  if (endings.length > 0) facts.push(['ended by', endings.join(', ')]);
  return { facts, said: choices.flatMap(({ message }) => (isRecord(message) ? saidIn(message) : [])) };
}

function saidIn(message: Record<string, unknown>): string[] {
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls.filter(isRecord) : [];
  return [
    ...(typeof message.content === 'string' && message.content !== '' ? [message.content] : []),
    ...calls.flatMap(({ function: called }) =>
      isRecord(called) ? [`${String(called.name)}(${String(called.arguments)})`] : [],
    ),
  ];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
