import { SamovarError } from '../../kernel/errors.ts';
import type { Scope } from '../../kernel/principal.ts';
import type { Actor } from '../audit/index.ts';
import type { MeasuredSetup } from '../serving/index.ts';
import type { Finding } from './conformance/finding.ts';
import type { SpeedLevel } from './speed/speed-level.ts';

export type CheckKind = 'conformance' | 'speed';
export type CheckState = 'queued' | 'running' | 'done' | 'failed';
export type CheckEvent = 'start' | 'finish' | 'fail';

/** What becomes of a check: the next state, or `null` where the event comes too late. */
export const checkTransitions: Readonly<Record<CheckState, Record<CheckEvent, CheckState | null>>> = {
  queued: { start: 'running', finish: null, fail: 'failed' },
  // Another attempt, after its process was lost.
  running: { start: 'running', finish: 'done', fail: 'failed' },
  done: { start: null, finish: null, fail: null },
  failed: { start: null, finish: null, fail: null },
};

/** States from which an event leads somewhere. */
export function statesBefore(event: CheckEvent): CheckState[] {
  const states: CheckState[] = ['queued', 'running', 'done', 'failed'];
  return states.filter((state) => checkTransitions[state][event] !== null);
}

/** How speed is to be measured. */
export interface SpeedWish {
  /** Requests at a time, one level after the other. */
  readonly parallel: readonly number[];
  /** Of each request's prompt, about, and of its answer. */
  readonly promptTokens: number;
  readonly outputTokens: number;
}

export interface CheckResult {
  /** Of a conformance check. */
  readonly findings?: readonly Finding[];
  /** Of a measurement. */
  readonly levels?: readonly SpeedLevel[];
}

export interface CheckFailure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export interface ModelCheck extends Scope {
  readonly id: string;
  readonly versionId: string;
  readonly modelName: string;
  readonly kind: CheckKind;
  readonly state: CheckState;
  /** `null` of a conformance check. */
  readonly wanted: SpeedWish | null;
  readonly actor: Actor;
  /** From 0 to 1. */
  readonly progress: number;
  /** What it does now, in a few words. */
  readonly step: string | null;
  /** What answered; `null` while not known. */
  readonly setup: MeasuredSetup | null;
  readonly result: CheckResult | null;
  readonly failure: CheckFailure | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

const mostParallel = 64;
const mostLevels = 8;

/** Throws `request.invalid` for levels and lengths that cannot be meant. */
export function checkedWish({ parallel, promptTokens, outputTokens }: SpeedWish): SpeedWish {
  const refuse = (parameter: string, reason: string): never => {
    throw new SamovarError('request.invalid', { params: { parameter, reason }, field: parameter });
  };
  const levels = [...new Set(parallel)].sort((a, b) => a - b);
  if (levels.length === 0 || levels.length > mostLevels)
    refuse('parallel', `it must have 1 to ${mostLevels} numbers`);
  if (levels.some((level) => !Number.isInteger(level) || level < 1 || level > mostParallel))
    refuse('parallel', `each must be a whole number from 1 to ${mostParallel}`);
  return { parallel: levels, promptTokens, outputTokens };
}

/** 1, 2, 4, 8 at a time; prompts and answers of a short conversation. */
export const usualWish: SpeedWish = { parallel: [1, 2, 4, 8], promptTokens: 128, outputTokens: 64 };
