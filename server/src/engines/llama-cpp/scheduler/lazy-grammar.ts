import type { Vocabulary } from '../../language-worker/vocabulary.ts';
import type { GrammarState, TokenSampler } from '../llama-native.ts';

/** Watches a free answer for a trigger text; from there on the sampler follows the grammar. */
export interface LazyGrammar {
  watch(token: number, sampler: TokenSampler): void;
}

export function createLazyGrammar(
  trigger: string,
  grammar: GrammarState,
  vocabulary: Vocabulary,
): LazyGrammar {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let tail = '';
  let decided = false;
  return {
    watch(token, sampler) {
      if (decided) return;
      tail += decoder.decode(vocabulary.bytes(token), { stream: true });
      const at = tail.indexOf(trigger);
      if (at < 0) {
        tail = tail.slice(Math.max(0, tail.length - trigger.length + 1));
        return;
      }
      decided = true;
      const rest = vocabulary.encodePlain(tail.slice(at + trigger.length));
      // A token that closed the trigger and went on against the grammar: the answer stays free, the parser copes.
      if (rest.every((next) => grammar.accept(next))) sampler.follow(grammar);
    },
  };
}
