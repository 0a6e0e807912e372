import { SamovarError } from '../../../kernel/errors.ts';
import { embed, nearness } from './embed.ts';
import { languageSamples } from './language-samples.ts';
import { type Probe, skipped } from './probe.ts';
import { claimedLanguages } from './probe-languages.ts';

/** 8-bit activations depend a little on the company in a batch. */
const sameInCompany = 0.95;
const sameAlone = 0.9999;

/** Vectors have the stated length, and belong to the texts in whose order they come. */
export const probeVectors: Probe = {
  feature: 'vectors',
  async run(asked) {
    const stated = asked.model.manifest.embedding;
    const texts = ['The tea is hot.', 'A train leaves the station.', 'Numbers: one, two, three.'];
    const { vectors, answer } = await embed(asked, texts);
    const failures: string[] = [];
    if (vectors.length !== texts.length)
      failures.push(`${texts.length} texts have ${vectors.length} vectors`);
    const wrong = vectors.find((vector) => stated && vector.length !== stated.dimensions);
    if (wrong) failures.push(`it states ${stated?.dimensions} dimensions, and a vector has ${wrong.length}`);
    if (vectors.some((vector) => !vector.every(Number.isFinite)))
      failures.push('a vector holds what is no number');
    const long = vectors.map((vector) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)));
    if (stated?.normalize && long.some((length) => Math.abs(length - 1) > 0.01))
      failures.push('its vectors do not have length 1, as it states');
    for (const [index, text] of texts.entries()) {
      const [alone] = (await embed(asked, text)).vectors;
      if (nearness(alone, vectors[index]) < sameInCompany)
        failures.push(`the vector of text ${index + 1} among others is not that of the text alone`);
    }
    if (answer.counts.inputTokens === 0) failures.push('it counts no tokens');
    return { detail: `${vectors[0]?.length ?? 0} dimensions.`, failures };
  },
};

/** A text alone has the same vector every time. */
export const probeSameVector: Probe = {
  feature: 'determinism',
  async run(asked) {
    const ask = async () => (await embed(asked, 'A samovar heats water for tea.')).vectors[0];
    const near = nearness(await ask(), await ask());
    const failures = near < sameAlone ? [`twice the same text differs: ${near.toFixed(5)}`] : [];
    return { detail: `Twice the same text: nearness ${near.toFixed(5)}.`, failures };
  },
};

/** A text beyond the stated length is refused with both counts; one that nearly fills it is taken. */
export const probeInputLength: Probe = {
  feature: 'context',
  async run(asked) {
    const stated = asked.model.contextTokens;
    const few = await embed(asked, 'tea '.repeat(8));
    const many = await embed(asked, 'tea '.repeat(72));
    const perWord = Math.max(0.25, (many.answer.counts.inputTokens - few.answer.counts.inputTokens) / 64);
    const words = (tokens: number) => Math.max(1, Math.floor(tokens / perWord));
    const failures: string[] = [];
    const refusal = await embed(asked, 'tea '.repeat(words(stated * 1.2 + 32))).then(
      () => null,
      (error: unknown) => {
        if (error instanceof SamovarError) return error;
        throw error;
      },
    );
    if (refusal === null) failures.push('a text that is longer than it states was taken');
    else if (refusal.code !== 'engine.input_too_long' && refusal.code !== 'engine.context_exceeded')
      failures.push(`a text that is too long is refused with other words: ${refusal.message}`);
    const near = await embed(asked, 'tea '.repeat(words(stated * 0.9) - 2));
    const taken = near.answer.counts.inputTokens;
    if (taken < stated * 0.5) failures.push(`a text near the limit counts as ${taken} tokens: it was cut`);
    return { detail: `It states ${stated} tokens; a text of ${taken} was taken.`, failures };
  },
};

/** Sentences that mean alike are nearer than others, in each claimed language. */
export const probeMeaning: Probe = {
  feature: 'languages',
  async run(asked) {
    const languages = claimedLanguages(asked.model.manifest.languages);
    if (languages.length === 0) return skipped('The model claims no language that is asked about here.');
    const failures: string[] = [];
    for (const language of languages) {
      const sample = languageSamples[language];
      if (sample === undefined) continue;
      const { vectors } = await embed(asked, [...sample.alike, sample.other]);
      const [alike, other] = [nearness(vectors[0], vectors[1]), nearness(vectors[0], vectors[2])];
      if (alike <= other)
        failures.push(
          `in \`${language}\` sentences that mean alike (${alike.toFixed(2)}) are no nearer than others (${other.toFixed(2)})`,
        );
    }
    return { detail: `Asked in ${languages.join(', ')}.`, failures };
  },
};
