import { readChat } from './chat-answer.ts';
import { languageOf } from './language-of.ts';
import { languageSamples } from './language-samples.ts';
import { type Probe, skipped } from './probe.ts';

const mostLanguages = 4;

/** A question is answered in its own language. */
export const probeLanguages: Probe = {
  feature: 'languages',
  async run(asked) {
    const languages = claimedLanguages(asked.model.manifest.languages);
    if (languages.length === 0) return skipped('The model claims no language that is asked about here.');
    const failures: string[] = [];
    for (const language of languages) {
      const content = languageSamples[language]?.question ?? '';
      const body = { messages: [{ role: 'user', content }], max_tokens: 80, temperature: 0, seed: 1 };
      const answer = readChat(await asked.ask({ path: '/v1/chat/completions', body })).content;
      const found = languageOf(answer);
      if (found !== language)
        failures.push(
          `asked in \`${language}\` it answers in ${found === null ? 'no language that can be told' : `\`${found}\``}: ${answer.slice(0, 80)}`,
        );
    }
    return { detail: `Asked in ${languages.join(', ')}.`, failures };
  },
};

/** The first few of the languages that a manifest claims and this suite knows. */
export function claimedLanguages(claimed: readonly string[]): string[] {
  const known = claimed.map((tag) => tag.toLowerCase().split('-', 1)[0] ?? '');
  return [...new Set(known)].filter((language) => language in languageSamples).slice(0, mostLanguages);
}
