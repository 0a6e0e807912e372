import { type Llama, type LlamaContext, LlamaGrammarEvaluationState, type LlamaModel } from 'node-llama-cpp';
import { createGrammarCompiler } from '../gguf/grammar-compiler.ts';
import { nativeVocabulary } from '../gguf/native-vocabulary.ts';
import type { CompiledGrammar } from '../language-worker/generation/generation-task.ts';
import type { RawLogprobs, TokenLogprob } from '../language-worker/generation/raw-logprobs.ts';
import type { SamplingOptions } from '../language-worker/sampling-options.ts';
import { type NativeSampler, nativeContext, nativeGrammarState, nativeSamplerType } from './native-addon.ts';

/** Tokens of one slot in a batch. */
export interface BatchEntry {
  readonly slot: number;
  readonly firstPosition: number;
  readonly tokens: Uint32Array;
  /** Indices within `tokens` whose logits are wanted. */
  readonly logitsAt: readonly number[];
}

/** Follows a grammar token by token. */
export interface GrammarState {
  readonly native: object;
  /** Advances over a token that was not sampled under this grammar; false when it does not fit. */
  accept(token: number): boolean;
}

/** Chooses tokens for one answer. */
export interface TokenSampler {
  /** Samples after a decode. `answer` is what was generated so far. Returns -1 when the grammar allows nothing. */
  sample(batchPosition: number, answer: Uint32Array): Promise<number>;
  /** From here on the answer follows this grammar. */
  follow(grammar: GrammarState): void;
  dispose(): void;
}

/** The engine, as the scheduler drives it. One call of `decode` at a time; sampling belongs to the last decode. */
export interface LlamaEngine {
  /** Evaluates a batch; returns, for each entry, the batch positions of its logits. */
  decode(entries: readonly BatchEntry[]): Promise<readonly Uint32Array[]>;
  /** Forgets a slot's positions from `keep` on. False when this model's memory can only be cleared whole. */
  truncate(slot: number, keep: number): boolean;
  createSampler(options: SamplingOptions, grammar: GrammarState | null): TokenSampler;
  /** Rejects when it cannot be parsed. Compiled grammars are kept for a while. */
  compileGrammar(gbnf: string): Promise<CompiledGrammar>;
  createGrammarState(grammar: CompiledGrammar): GrammarState;
  /** Log-probabilities at a batch position of `slot`: of the token given and of the `top` most likely ones. */
  rawLogprobs(slot: number, batchPosition: number, token: number, top: number): Promise<RawLogprobs>;
  /** The same, of these tokens. */
  logprobsOf(
    slot: number,
    batchPosition: number,
    tokens: readonly number[],
  ): Promise<ReadonlyMap<number, number>>;
}

export function createLlamaEngine(llama: Llama, model: LlamaModel, context: LlamaContext): LlamaEngine {
  const native = nativeContext(context);
  const vocabulary = nativeVocabulary(model);
  const Sampler = nativeSamplerType(llama);
  const grammars = createGrammarCompiler(llama);
  const rawSamplers = new Map<number, NativeSampler>();

  /** One sampler without any step for each slot: samplers must not be shared by calls that may overlap. */
  const rawSampler = (slot: number): NativeSampler => {
    let sampler = rawSamplers.get(slot);
    if (sampler === undefined) {
      sampler = new Sampler(vocabulary);
      sampler.applyConfig({});
      rawSamplers.set(slot, sampler);
    }
    return sampler;
  };

  return {
    async decode(entries) {
      native.initBatch(entries.reduce((sum, entry) => sum + entry.tokens.length, 0));
      const positions = entries.map((entry) =>
        native.addToBatch(entry.slot, entry.firstPosition, entry.tokens, Uint32Array.from(entry.logitsAt)),
      );
      await native.decodeBatch();
      return positions;
    },
    truncate: (slot, keep) => native.removeTokenCellsFromSequence(slot, keep, -1),
    createSampler(options, grammar) {
      const sampler = new Sampler(vocabulary);
      const fixed = samplerConfig(options);
      const penalties = penalizes(options);
      let followed = grammar;
      let applied = false;
      return {
        sample(batchPosition, answer) {
          // From then on the sampler itself takes note of each token that it gives.
          if (!applied)
            sampler.applyConfig({
              ...fixed,
              ...(penalties ? { repeatPenaltyTokens: answer } : {}),
              ...(followed === null ? {} : { grammarEvaluationState: followed.native }),
            });
          applied = true;
          return native.sampleToken(batchPosition, sampler);
        },
        follow(next) {
          followed = next;
          applied = false;
        },
        dispose: () => sampler.dispose(),
      };
    },
    compileGrammar: (gbnf) => grammars.compile(gbnf),
    createGrammarState(compiled) {
      const grammar = grammars.nativeOf(compiled);
      const state = nativeGrammarState(new LlamaGrammarEvaluationState({ model, grammar }));
      return {
        native: state,
        accept(token) {
          try {
            Sampler.acceptGrammarEvaluationStateToken(state, token);
            return true;
          } catch {
            // The addon reports a token that the grammar does not allow by throwing; the state is spent then.
            return false;
          }
        },
      };
    },
    async rawLogprobs(slot, batchPosition, token, top) {
      const wanted = [[token], false, false, false, Math.max(1, top)] as const;
      const [, , , logits, weight] = await native.sampleToken(
        batchPosition,
        rawSampler(slot),
        false,
        false,
        wanted,
        true,
      );
      return readLogprobs(logits, weight, top);
    },
    async logprobsOf(slot, batchPosition, tokens) {
      // Without a list of the most likely ones the addon does not sort the vocabulary, which takes longer than all else;
      // the selected token stands for the most likely one, as the sampler without steps selects that.
      const wanted = [tokens, false, false, true, 0] as const;
      const sampler = rawSampler(slot);
      const [, , , logits, weight] = await native.sampleToken(
        batchPosition,
        sampler,
        false,
        false,
        wanted,
        true,
      );
      return new Map(asLogprobs(logits, weight).map(({ token, logprob }) => [token, logprob]));
    },
  };
}

/** The most likely ones in order, then the token that was asked for. */
function readLogprobs(logits: readonly number[], weight: number, top: number): RawLogprobs {
  const pairs = asLogprobs(logits, weight);
  return { chosen: pairs.at(-1)?.logprob ?? 0, top: pairs.slice(0, top) };
}

/** `logits` holds token and logit by turns, the most likely token first; `weight` is the sum over the vocabulary. */
function asLogprobs(logits: readonly number[], weight: number): TokenLogprob[] {
  const most = logits[1] ?? 0;
  const pairs: TokenLogprob[] = [];
  for (let index = 0; index + 1 < logits.length; index += 2)
    pairs.push({ token: logits[index] ?? 0, logprob: (logits[index + 1] ?? 0) - most - Math.log(weight) });
  return pairs;
}

function penalizes(options: SamplingOptions): boolean {
  return options.repetitionPenalty !== 1 || options.presencePenalty !== 0 || options.frequencyPenalty !== 0;
}

function samplerConfig(options: SamplingOptions): Record<string, unknown> {
  return {
    ...(options.temperature > 0 ? { temperature: options.temperature } : {}),
    ...(options.topK > 0 ? { topK: options.topK } : {}),
    ...(options.topP < 1 ? { topP: options.topP } : {}),
    ...(options.minP > 0 ? { minP: options.minP } : {}),
    seed: options.seed,
    ...(penalizes(options)
      ? {
          repeatPenalty: options.repetitionPenalty,
          repeatPenaltyPresencePenalty: options.presencePenalty,
          repeatPenaltyFrequencyPenalty: options.frequencyPenalty,
          repeatPenaltyMaxTokens: penaltyWindowTokens,
        }
      : {}),
    ...(options.logitBias.size > 0
      ? {
          tokenBiasKeys: Uint32Array.from(options.logitBias.keys()),
          tokenBiasValues: Float32Array.from(options.logitBias.values()),
        }
      : {}),
  };
}

/** Penalties look at this many last tokens of the answer. */
const penaltyWindowTokens = 4096;
