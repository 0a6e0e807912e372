import type { GenerationTask } from '../language-worker/generation/generation-task.ts';
import { gbnfLiteral } from '../language-worker/grammar/gbnf-text.ts';
import type { SamplingOptions } from '../language-worker/sampling-options.ts';
import type { JsonObject } from '../worker-http/read-json-body.ts';

/** How a task is sampled, in llama-server's words. The order of the samplers is that of `SamplingOptions`. */
export function samplingBody(options: SamplingOptions): JsonObject {
  return {
    samplers: ['penalties', 'top_k', 'top_p', 'min_p', 'temperature'],
    temperature: options.temperature,
    top_k: Math.max(0, options.topK),
    top_p: options.topP,
    min_p: options.minP,
    repeat_penalty: options.repetitionPenalty,
    presence_penalty: options.presencePenalty,
    frequency_penalty: options.frequencyPenalty,
    repeat_last_n: penaltyWindowTokens,
    seed: options.seed,
    logit_bias: [...options.logitBias],
  };
}

/** Penalties look at this many last tokens; llama-server counts those of the prompt among them. */
const penaltyWindowTokens = 4096;

/** The grammar of a task; nothing when its answer is free. */
export function grammarBody({ grammar, triggeredGrammar }: GenerationTask): JsonObject {
  if (grammar !== null) return { grammar: grammar.gbnf };
  if (triggeredGrammar === null) return {};
  const { trigger } = triggeredGrammar;
  return {
    grammar: withTrigger(triggeredGrammar.grammar.gbnf, trigger),
    grammar_lazy: true,
    // As a pattern: a word that is one of the model's own tokens would be awaited as that token alone, while models
    // spell it out as well.
    grammar_triggers: [{ type: patternTrigger, value: trigger.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') }],
  };
}

/** `COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN` */
const patternTrigger = 2;

/** llama-server reads the trigger by the grammar too: it goes in front of the root. */
function withTrigger(gbnf: string, trigger: string): string {
  const behind = gbnf.replace(/^root ::=/, 'behind-trigger ::=');
  return `root ::= ${gbnfLiteral(trigger)} behind-trigger\n${behind}`;
}
