import type { ChatCompletionTokenLogprob } from 'openai/resources/chat/completions';
import type { Completion, CompletionChoice } from 'openai/resources/completions';
import type { EventStream } from '../../worker-http/event-stream.ts';
import type { WorkerExchange } from '../../worker-http/worker-route.ts';
import type { AnswerWriter } from '../answer/run-answer.ts';
import type { AnswerPart } from '../tools/answer-part.ts';
import type { AnswerHead } from './answer-head.ts';
import type { Delivery } from './stream-options.ts';

type FinishReason = CompletionChoice['finish_reason'];
/** The published type lacks the `null` that unfinished choices of a stream have. */
type StreamedChoice = Omit<CompletionChoice, 'finish_reason'> & { finish_reason: FinishReason | null };

function headOf(head: AnswerHead) {
  return {
    id: head.id,
    object: 'text_completion' as const,
    created: head.created,
    model: head.model,
    system_fingerprint: head.systemFingerprint,
  };
}

function textOf(parts: readonly AnswerPart[]): string {
  return parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
}

/** A completion as server-sent events. */
export function createCompletionEventWriter(
  events: EventStream,
  head: AnswerHead,
  delivery: Delivery,
  echoes: readonly string[],
): AnswerWriter {
  const begun = echoes.map(() => false);
  const offsets = echoes.map(() => 0);
  const send = (choice: StreamedChoice) =>
    events.send({ ...headOf(head), choices: [choice], ...(delivery.clientUsage ? { usage: null } : {}) });
  const sendText = (index: number, text: string, logprobs: readonly ChatCompletionTokenLogprob[]) => {
    const offset = offsets[index] ?? 0;
    offsets[index] = offset + text.length;
    send({
      index,
      text,
      logprobs: logprobs.length > 0 ? legacyLogprobs(logprobs, offset) : null,
      finish_reason: null,
    });
  };
  const begin = (index: number) => {
    if (begun[index]) return;
    begun[index] = true;
    const echo = echoes[index] ?? '';
    if (echo !== '') sendText(index, echo, []);
  };
  return {
    parts(index, parts, logprobs) {
      begin(index);
      sendText(index, textOf(parts), logprobs);
    },
    choiceEnd(index, end) {
      begin(index);
      send({ index, text: '', logprobs: null, finish_reason: finishOf(end.finishReason) });
    },
    complete({ usage, samovar }) {
      if (delivery.clientUsage || delivery.gatewayUsage)
        events.send({ ...headOf(head), choices: [], usage, samovar });
      events.done();
    },
    isPaused: () => events.congested,
    onResume: (callback) => events.onDrain(callback),
  };
}

/** A completion as one object. */
export function createCompletionObjectWriter(
  exchange: WorkerExchange,
  head: AnswerHead,
  echoes: readonly string[],
  wantsLogprobs: boolean,
): AnswerWriter {
  const collected = echoes.map((text) => ({
    text,
    logprobs: [] as ChatCompletionTokenLogprob[],
    finishReason: 'stop' as FinishReason,
  }));
  return {
    parts(index, parts, logprobs) {
      const choice = collected[index];
      if (choice === undefined) return;
      choice.text += textOf(parts);
      choice.logprobs.push(...logprobs);
    },
    choiceEnd(index, end) {
      const choice = collected[index];
      if (choice !== undefined) choice.finishReason = finishOf(end.finishReason);
    },
    complete({ usage, samovar }) {
      const answer: Completion = {
        ...headOf(head),
        choices: collected.map(({ text, logprobs, finishReason }, index) => ({
          index,
          text,
          logprobs: wantsLogprobs ? legacyLogprobs(logprobs, 0) : null,
          finish_reason: finishReason,
        })),
        usage,
      };
      exchange.json(200, { ...answer, samovar });
    },
    isPaused: () => false,
    onResume: () => undefined,
  };
}

function finishOf(reason: 'stop' | 'length' | 'tool_calls'): FinishReason {
  return reason === 'length' ? 'length' : 'stop';
}

/** The form that this endpoint has for log-probabilities: parallel lists, offsets in characters. */
function legacyLogprobs(
  logprobs: readonly ChatCompletionTokenLogprob[],
  firstOffset: number,
): CompletionChoice.Logprobs {
  let offset = firstOffset;
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top_logprobs }) =>
      Object.fromEntries(top_logprobs.map(({ token, logprob }) => [token, logprob])),
    ),
    text_offset: logprobs.map(({ token }) => {
      const at = offset;
      offset += token.length;
      return at;
    }),
  };
}
