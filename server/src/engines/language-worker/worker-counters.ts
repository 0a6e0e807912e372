import type { MetricSample } from '../worker-http/prometheus-text.ts';
import type { AnswerSummary } from './answer/answer-summary.ts';

/** Totals since the worker started. */
export interface WorkerCounters {
  count(summary: AnswerSummary, receivedAt: number): void;
  countFailed(): void;
  samples(): MetricSample[];
}

export function createWorkerCounters(): WorkerCounters {
  const totals = {
    requests: 0,
    cancelled: 0,
    failed: 0,
    promptTokens: 0,
    cachedTokens: 0,
    answerTokens: 0,
    firstTokenSeconds: 0,
    durationSeconds: 0,
  };
  const counter = (name: string, help: string, value: number): MetricSample => ({
    name: `samovar_worker_${name}_total`,
    type: 'counter',
    help,
    value,
  });
  return {
    count({ usage, samovar }, receivedAt) {
      totals.requests += 1;
      if (samovar.cancelled) totals.cancelled += 1;
      totals.promptTokens += usage.prompt_tokens;
      totals.cachedTokens += usage.prompt_tokens_details?.cached_tokens ?? 0;
      totals.answerTokens += usage.completion_tokens;
      totals.firstTokenSeconds += (samovar.timeToFirstTokenMs ?? 0) / 1000;
      totals.durationSeconds += (performance.now() - receivedAt) / 1000;
    },
    countFailed() {
      totals.requests += 1;
      totals.failed += 1;
    },
    samples: () => [
      counter('requests', 'Requests that ended.', totals.requests),
      counter('requests_cancelled', 'Requests that were cancelled.', totals.cancelled),
      counter('requests_failed', 'Requests that ended with an error.', totals.failed),
      counter('prompt_tokens', 'Tokens of prompts.', totals.promptTokens),
      counter('cached_prompt_tokens', 'Prompt tokens taken from a cache.', totals.cachedTokens),
      counter('completion_tokens', 'Tokens generated.', totals.answerTokens),
      counter('first_token_seconds', 'Time to the first token, summed.', totals.firstTokenSeconds),
      counter('request_seconds', 'Duration of requests, summed.', totals.durationSeconds),
    ],
  };
}
