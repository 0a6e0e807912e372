import type { GrammarState, TokenSampler } from '../llama-native.ts';
import type { Vocabulary } from '../vocabulary.ts';

/** Watches a free answer for a trigger text; from there on the sampler follows the grammar. */
export interface LazyGrammar {
  watch(text: string, sampler: TokenSampler): void;
}

export function createLazyGrammar(
  trigger: string,
  grammar: GrammarState,
  vocabulary: Vocabulary,
): LazyGrammar {
  let tail = '';
  let decided = false;
  return {
    watch(text, sampler) {
      if (decided) return;
      tail += text;
      const at = tail.indexOf(trigger);
      if (at < 0) {
        tail = tail.slice(Math.max(0, tail.length - trigger.length + 1));
        return;
      }
      decided = true;
      const rest = vocabulary.encodePlain(tail.slice(at + trigger.length));
      // A token that closed the trigger and went on against the grammar: the answer stays free, the parser copes.
      if (rest.every((token) => grammar.accept(token))) sampler.follow(grammar);
    },
  };
}
