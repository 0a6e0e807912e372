import { PassingFault } from './passing-fault.ts';
import type { SourceAnswer } from './source-http.ts';

/** An answer that will be the same the next time. */
export class StatusFault extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** An unwelcome answer as an error: a `PassingFault` when the server is only busy. Its body is given up. */
export function faultOfAnswer(answer: SourceAnswer, nowMs = Date.now()): Error {
  answer.discard();
  const message = `${new URL(answer.url).host} answered ${answer.status}`;
  if (answer.status === 429 || answer.status === 503)
    return new PassingFault(message, { pauseMs: askedPauseMs(answer, nowMs) });
  if (answer.status >= 500 || answer.status === 408) return new PassingFault(message);
  return new StatusFault(message, answer.status);
}

/** The pause that `Retry-After` or the rate limit headers ask for, in milliseconds; `null` without them. */
export function askedPauseMs(answer: Pick<SourceAnswer, 'header'>, nowMs: number): number | null {
  const retryAfter = answer.header('retry-after');
  if (retryAfter !== null) {
    const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - nowMs;
    if (Number.isFinite(ms)) return Math.max(0, ms);
  }
  // RateLimit: "name";r=left;t=seconds (IETF draft), or its older forms with the seconds alone.
  const [, seconds] = /(?:^|[;,\s])t=(\d+)/.exec(answer.header('ratelimit') ?? '') ?? [];
  if (seconds !== undefined) return Number(seconds) * 1000;
  const reset = answer.header('ratelimit-reset') ?? answer.header('x-ratelimit-reset');
  if (reset === null || !/^\d+$/.test(reset)) return null;
  // Some tell the moment instead of the time left.
  return Math.max(0, Number(reset) > 1e9 ? Number(reset) * 1000 - nowMs : Number(reset) * 1000);
}
