import { SamovarError } from '../../../kernel/errors.ts';
import { type Answer, AnswerTooSlow, type AskedModel } from '../asked-model.ts';
import type { Probe } from './probe.ts';

const path = '/v1/chat/completions';
const word = ' tea';
/** What may be read to prove that a long text is taken. A slow machine proves less, and says so. */
const longestMs = 90_000;
const nearlyWhole = 0.9;
/** Counts are estimated before a prompt is sent. */
const nearlyAll = 0.9;
const shortTokens = 256;
const answerTokens = 1;
const [fewWords, mostWords] = [8, 264];

/** A prompt beyond the context is refused, with the context; one that nearly fills it is taken. */
export const probeContext: Probe = {
  feature: 'context',
  async run(asked) {
    const stated = asked.model.contextTokens;
    const scale = await measureScale(asked);
    const wordsOf = (tokens: number) =>
      Math.max(1, Math.floor((tokens - scale.frameTokens) / scale.tokensPerWord));
    const { served, failures } = await askTooMuch(asked, wordsOf(Math.ceil(stated * 1.1) + 64));
    const context = Math.min(stated, served ?? stated);
    const affordable = Math.floor(scale.tokensPerMs * longestMs);
    const wanted = Math.floor(context * nearlyWhole);
    const taken = await takeLongest(asked, Math.min(wanted, affordable), wordsOf);
    const details = [
      served !== null && served < stated
        ? `It states ${stated} tokens and is served with ${served}.`
        : `It states ${stated} tokens.`,
      taken.failures.length > 0
        ? ''
        : `A prompt of ${taken.promptTokens} tokens was taken${taken.promptTokens < wanted * nearlyAll ? '; a longer one would take too long on this hardware' : ''}.`,
    ];
    return {
      detail: details.filter((text) => text !== '').join(' '),
      failures: [...failures, ...taken.failures],
    };
  },
};

/** How words become tokens, and how fast a prompt is read. */
async function measureScale(asked: AskedModel) {
  const few = await asked.ask({ path, body: bodyOf(fewWords) });
  const { answer: many, words } = await askMany(asked, mostWords);
  const moreTokens = many.counts.inputTokens - few.counts.inputTokens;
  const tokensPerWord = Math.max(0.25, moreTokens / (words - fewWords));
  return {
    tokensPerWord,
    frameTokens: few.counts.inputTokens - fewWords * tokensPerWord,
    tokensPerMs: many.counts.inputTokens / Math.max(1, many.totalMs),
  };
}

/** As many words as the context takes, by halves. */
async function askMany(
  asked: AskedModel,
  words: number,
): Promise<{ readonly answer: Answer; readonly words: number }> {
  try {
    return { answer: await asked.ask({ path, body: bodyOf(words) }), words };
  } catch (error) {
    const isTooLong = error instanceof SamovarError && error.code === 'engine.context_exceeded';
    if (!isTooLong || words < 4 * fewWords) throw error;
    return await askMany(asked, Math.floor(words / 2));
  }
}

async function askTooMuch(
  asked: AskedModel,
  words: number,
): Promise<{ readonly served: number | null; readonly failures: readonly string[] }> {
  try {
    const { counts } = await asked.ask({ path, body: bodyOf(words), limitMs: longestMs });
    return {
      served: null,
      failures: [`a prompt of ${counts.inputTokens} tokens, more than it states, was taken`],
    };
  } catch (error) {
    if (!(error instanceof SamovarError)) throw error;
    if (error.code !== 'engine.context_exceeded')
      return {
        served: null,
        failures: [`a prompt beyond the context is refused with other words: ${error.message}`],
      };
    const told = Number(error.params.contextTokens);
    return Number.isInteger(told)
      ? { served: told, failures: [] }
      : { served: null, failures: ['the refusal of a long prompt does not tell the context'] };
  }
}

interface Taken {
  /** 0: refused. */
  readonly promptTokens: number;
  readonly failures: readonly string[];
}

/** Long prompts are read slower than short ones tell: what takes too long is tried with half of it. */
async function takeLongest(
  asked: AskedModel,
  tokens: number,
  wordsOf: (tokens: number) => number,
): Promise<Taken> {
  try {
    return await take(asked, wordsOf(tokens));
  } catch (error) {
    if (!(error instanceof AnswerTooSlow) || tokens < 2 * shortTokens) throw error;
    return await takeLongest(asked, Math.floor(tokens / 2), wordsOf);
  }
}

async function take(asked: AskedModel, words: number): Promise<Taken> {
  try {
    const { counts } = await asked.ask({ path, body: bodyOf(words), limitMs: longestMs });
    return { promptTokens: counts.inputTokens, failures: [] };
  } catch (error) {
    if (!(error instanceof SamovarError)) throw error;
    return {
      promptTokens: 0,
      failures: [`a prompt of about ${words} words within the context is refused: ${error.message}`],
    };
  }
}

function bodyOf(words: number): ProbeBody {
  return {
    messages: [{ role: 'user', content: `Count:${word.repeat(words)}` }],
    max_tokens: answerTokens,
    temperature: 0,
  };
}

type ProbeBody = Readonly<Record<string, unknown>>;
