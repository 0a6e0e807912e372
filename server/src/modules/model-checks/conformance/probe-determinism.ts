import { readChat } from './chat-answer.ts';
import type { Probe } from './probe.ts';

const body = {
  messages: [{ role: 'user', content: 'Tell a very short story about a teapot.' }],
  max_tokens: 40,
  temperature: 0.8,
  seed: 4_711,
};
/** Company in the engine's batch can change a token, so a difference counts when it stays. */
const mostRounds = 3;

/** The same seed gives the same text. */
export const probeDeterminism: Probe = {
  feature: 'determinism',
  async run(asked) {
    const ask = async () => readChat(await asked.ask({ path: '/v1/chat/completions', body })).content;
    for (let round = 1; round <= mostRounds; round += 1) {
      const [first, second] = [await ask(), await ask()];
      if (first === second)
        return {
          detail: `The same seed gave the same text${round > 1 ? ` in the ${round}. round; other requests may have run` : ''}.`,
          failures: [],
        };
    }
    return {
      detail: 'The same seed, twice, at temperature 0.8.',
      failures: [`the same seed gave different texts in ${mostRounds} rounds`],
    };
  },
};
