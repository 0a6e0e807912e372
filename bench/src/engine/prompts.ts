let count = 0;

const words = 'river stone window garden engine copper morning letter bridge winter market ladder'.split(' ');

/** A text of about this many words that shares no beginning with an earlier one, so that no cache helps. */
export function freshText(wordCount: number): string {
  count += 1;
  const at = (index: number) => words[(index * 7 + count * 5 + Math.floor(index / 11)) % words.length];
  return `${count} ${Date.now()} ${Array.from({ length: wordCount }, (_, index) => at(index)).join(' ')}`;
}

/** Keeps the model from ending its answer: tokens 0 and 2 are SmolLM2's end tokens. */
export const endlessBias = { '0': -100, '2': -100 };

/** Greedy, and never ended by the model. */
export function longAnswer(prompt: string, maxTokens: number): object {
  return {
    model: 'bench',
    prompt,
    max_tokens: maxTokens,
    temperature: 0,
    logit_bias: endlessBias,
  };
}
