import type { AnswerPart } from './answer-part.ts';

/** Collects parts, joining neighbours of one kind, and numbers the calls. */
interface PartCollector {
  text(text: string): void;
  callStart(name: string): void;
  /** Adds to the arguments of the last call. */
  callArguments(delta: string): void;
  /** How many calls have begun. */
  calls(): number;
  /** The parts since the last time. */
  take(): AnswerPart[];
}

export function createPartCollector(newCallId: () => string): PartCollector {
  let parts: AnswerPart[] = [];
  let calls = 0;
  return {
    text(text) {
      if (text === '') return;
      const last = parts.at(-1);
      if (last?.kind === 'text') parts[parts.length - 1] = { kind: 'text', text: last.text + text };
      else parts.push({ kind: 'text', text });
    },
    callStart(name) {
      parts.push({ kind: 'tool-call-start', index: calls, id: newCallId(), name });
      calls++;
    },
    callArguments(delta) {
      const index = calls - 1;
      const last = parts.at(-1);
      if (last?.kind === 'tool-call-arguments') {
        parts[parts.length - 1] = { ...last, delta: last.delta + delta };
      } else parts.push({ kind: 'tool-call-arguments', index, delta });
    },
    calls: () => calls,
    take() {
      const taken = parts;
      parts = [];
      return taken;
    },
  };
}
