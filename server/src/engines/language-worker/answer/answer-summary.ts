import type { CompletionUsage } from 'openai/resources/completions';
import type { ChoiceEnd } from './choice.ts';

/** What an answer ends with. */
export interface AnswerSummary {
  readonly usage: CompletionUsage;
  readonly samovar: { readonly timeToFirstTokenMs?: number; readonly cancelled?: true };
}

/** The end of a choice whose turn never came. */
export const choiceNotBegun: ChoiceEnd = {
  finishReason: 'stop',
  cancelled: true,
  counts: { reason: 'cancelled', promptTokens: 0, cachedTokens: 0, answerTokens: 0 },
  reasoningTokens: 0,
};

/** The counts of a request from those of its choices; a prompt is counted with its first choice only. */
export function summarize(
  ends: readonly (ChoiceEnd | undefined)[],
  choicesPerPrompt: number,
  firstTokenMs: number | null,
): AnswerSummary {
  let [prompt, cached, answer, reasoning] = [0, 0, 0, 0];
  for (const [index, end] of ends.entries()) {
    if (end === undefined) continue;
    if (index % choicesPerPrompt === 0) {
      prompt += end.counts.promptTokens;
      cached += end.counts.cachedTokens;
    }
    answer += end.counts.answerTokens;
    reasoning += end.reasoningTokens;
  }
  return {
    usage: {
      prompt_tokens: prompt,
      completion_tokens: answer,
      total_tokens: prompt + answer,
      prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
      completion_tokens_details: {
        reasoning_tokens: reasoning,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
    },
    samovar: {
      ...(firstTokenMs === null ? {} : { timeToFirstTokenMs: Math.round(firstTokenMs * 10) / 10 }),
      ...(ends.some((end) => end?.cancelled === true) ? { cancelled: true as const } : {}),
    },
  };
}

/** What a request ends with that scored texts and generated none. */
export function summarizeScoring(promptTokens: number, cancelled: boolean): AnswerSummary {
  return {
    usage: { prompt_tokens: promptTokens, completion_tokens: 0, total_tokens: promptTokens },
    samovar: cancelled ? { cancelled: true } : {},
  };
}
