import type { SamovarError } from '../../../kernel/errors.ts';
import type { SamplingOptions } from '../sampling-options.ts';
import type { RawLogprobs } from './raw-logprobs.ts';
import type { TokenTree } from './token-tree.ts';

/** A grammar that the engine has accepted (`TextGenerator.compileGrammar`). */
export interface CompiledGrammar {
  readonly gbnf: string;
}

/** The answer is free until the trigger appears; what comes behind it follows the grammar. */
export interface TriggeredGrammar {
  readonly trigger: string;
  readonly grammar: CompiledGrammar;
}

/** What an answer grew by in one step. */
export interface GeneratedPiece {
  readonly token: number;
  /** Of the token, where they were asked for. */
  readonly logprobs: RawLogprobs | null;
  /** Tokens in front of it that an engine did not tell of by themselves, being parts of one character. */
  readonly untold: { readonly tokens: number; readonly bytes: Buffer } | null;
}

/**
 * One prompt to be continued. The callbacks run between two steps of an engine, or beside its next one: they must be
 * quick.
 */
export interface GenerationTask {
  readonly priority: 'interactive' | 'background';
  /** Milliseconds since the epoch; a task that has not begun by then is refused. */
  readonly deadline: number | null;
  readonly prompt: Uint32Array;
  /** Most tokens to generate; the context may end the answer earlier. 0 only evaluates the prompt. */
  readonly maxTokens: number;
  readonly sampling: SamplingOptions;
  /** What the whole answer follows; `null` when it is free. */
  readonly grammar: CompiledGrammar | null;
  /** Only without `grammar`. */
  readonly triggeredGrammar: TriggeredGrammar | null;
  /**
   * Equal tasks get equal answers on an idle worker: of a slot's cache only what a cold run would compute in the
   * same shapes is used again.
   */
  readonly reproducible: boolean;
  /** How many alternatives to report with each token; `null` reports no log-probabilities. */
  readonly topLogprobs: number | null;
  /** Continuations of the prompt whose log-probabilities are wanted, in place of an answer; `maxTokens` is 0 then. */
  readonly continuations: TokenTree | null;
  /** A piece of the answer; return false to end the answer with it. End tokens are not reported. */
  onPiece(piece: GeneratedPiece): boolean;
  onEnd(end: GenerationEnd): void;
  onError(error: SamovarError): void;
  /** True while the reader is behind: the task keeps its slot and is not continued. */
  isPaused(): boolean;
}

export interface GenerationEnd {
  /** `end`: the model ended its turn; `stopped`: `onPiece` said so; `length`: no tokens or no context left. */
  readonly reason: 'end' | 'stopped' | 'length' | 'cancelled';
  /** Tokens of the prompt; 0 when the task was cancelled before it began. */
  readonly promptTokens: number;
  /** Of these, tokens that were taken from a slot's cache. */
  readonly cachedTokens: number;
  /** Tokens of the answer, the end token not counted. */
  readonly answerTokens: number;
}
