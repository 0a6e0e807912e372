import type { ErrorCode } from '@samovar/contract/errors';

/** Why a model did not answer, as the fallbacks of an alias tell it apart. */
export const fallbackKinds = [
  'unavailable',
  'overloaded',
  'failed',
  'timeout',
  'context-too-long',
  'unsupported',
] as const;

export type FallbackKind = (typeof fallbackKinds)[number];

/** What a fallback serves when nothing is said: everything that is not the fault of the request. */
export const usualFallbackKinds: readonly FallbackKind[] = ['unavailable', 'overloaded', 'failed', 'timeout'];

const kinds: Partial<Record<ErrorCode, FallbackKind>> = {
  'engine.unreachable': 'unavailable',
  'engine.remote_unavailable': 'unavailable',
  'engine.load_failed': 'unavailable',
  'engine.credentials_refused': 'unavailable',
  'engine.busy': 'overloaded',
  'engine.worker_lost': 'failed',
  'engine.failed': 'failed',
  'engine.connection_broken': 'failed',
  'engine.answer_invalid': 'failed',
  'engine.remote_failed': 'failed',
  'engine.load_timeout': 'timeout',
  'engine.timeout': 'timeout',
  'engine.context_exceeded': 'context-too-long',
  'engine.input_too_long': 'context-too-long',
  'engine.unsupported_parameter': 'unsupported',
  'engine.unsupported_operation': 'unsupported',
};

export function isFallbackKind(text: string): text is FallbackKind {
  return fallbackKinds.some((kind) => kind === text);
}

/** The kind of an error of a model's engine; `null`: another model would not help. */
export function fallbackKindOf(code: ErrorCode): FallbackKind | null {
  return kinds[code] ?? null;
}
