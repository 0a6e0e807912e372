import type { WorkerAnswerExtra } from '@samovar/contract/worker-protocol';
import type { WorkerExchange, WorkerRoute } from '../../worker-http/worker-route.ts';
import { finite } from '../answer/token-logprobs.ts';
import type { GenerationTask } from '../generation/generation-task.ts';
import type { LanguageModel } from '../language-model.ts';
import { refuseOversizedText } from '../refuse-oversized-text.ts';
import { defaultSampling } from '../sampling-options.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { readScoreRequest } from './read-score-request.ts';

interface Score {
  readonly logprob: number;
  readonly tokens: number;
}

/** The scores of one prompt's continuations, and its usage. */
interface PromptScores {
  readonly scores: readonly Score[];
  /** The prompt once, with the tokens of all continuations. */
  readonly tokens: number;
}

/** `POST /score`: how likely the model finds each continuation of a prompt, as a sum of log-probabilities. */
export function scoreRoute(loaded: () => LanguageModel): WorkerRoute {
  return {
    method: 'POST',
    path: '/score',
    usesModel: true,
    async handle(exchange) {
      const model = loaded();
      const { prompts, many, continuations, plain } = readScoreRequest(exchange.body);
      for (const prompt of prompts) await refuseOversizedText(prompt, model.vocabulary, model.contextTokens);
      const stopping = new AbortController();
      const forget = model.running.add(exchange.requestId, () => stopping.abort());
      exchange.onAbandoned(() => stopping.abort());
      const encode = encoderOf(model.vocabulary, plain);
      const scoring: Scoring = { model, exchange, encode, stopping, begun: false };
      const answered: PromptScores[] = [];
      try {
        for (const prompt of prompts) {
          if (stopping.signal.aborted) break;
          answered.push(await scorePrompt(scoring, prompt, continuations));
        }
      } finally {
        forget();
      }
      const promptTokens = answered.reduce((sum, { tokens }) => sum + tokens, 0);
      exchange.json(200, {
        scores: many ? answered.map(({ scores }) => scores) : (answered[0]?.scores ?? []),
        usage: { prompt_tokens: promptTokens, completion_tokens: 0, total_tokens: promptTokens },
        ...(stopping.signal.aborted ? { samovar: { cancelled: true } satisfies WorkerAnswerExtra } : {}),
      });
    },
  };
}

type Encode = (text: string) => Uint32Array;

function encoderOf(vocabulary: Vocabulary, plain: boolean): Encode {
  if (!plain) return (text) => vocabulary.encodePrompt(text);
  const start = vocabulary.encodePrompt('');
  return (text) => Uint32Array.from([...start, ...vocabulary.encodePlain(text)]);
}

interface Scoring {
  readonly model: LanguageModel;
  readonly exchange: WorkerExchange;
  readonly encode: Encode;
  readonly stopping: AbortController;
  /** A continuation was scored: the request is in, and the rest of it waits for nobody. */
  begun: boolean;
}

/** One continuation after another: each finds the prompt in the cache of the one before. */
async function scorePrompt(
  scoring: Scoring,
  prompt: string,
  continuations: readonly string[],
): Promise<PromptScores> {
  const promptTokens = scoring.encode(prompt).length;
  const scores: Score[] = [];
  for (const text of continuations) {
    if (scoring.stopping.signal.aborted) break;
    scores.push(await scoreContinuation(scoring, promptTokens, scoring.encode(prompt + text)));
    scoring.begun = true;
  }
  return { scores, tokens: scores.reduce((sum, { tokens }) => sum + tokens, promptTokens) };
}

/** The tokens of the whole text after those of the prompt are the continuation's, as in lm-evaluation-harness. */
function scoreContinuation(
  { model, exchange, begun, stopping: { signal } }: Scoring,
  promptTokens: number,
  whole: Uint32Array,
): Promise<Score> {
  const from = Math.max(1, Math.min(promptTokens, whole.length));
  return new Promise((resolve, reject) => {
    let logprob = 0;
    const cancel = () => model.generator.cancel(task);
    const task: GenerationTask = {
      priority: exchange.priority,
      deadline: exchange.deadline,
      prompt: whole,
      maxTokens: 0,
      reproducible: false,
      topLogprobs: null,
      scoreFrom: from,
      sampling: { ...defaultSampling, temperature: 0, logitBias: new Map(), seed: 0 },
      grammar: null,
      triggeredGrammar: null,
      onPiece: () => false,
      onPromptLogprob: (_, value) => {
        logprob += value;
      },
      onEnd: () => {
        signal.removeEventListener('abort', cancel);
        resolve({ logprob: finite(logprob), tokens: whole.length - from });
      },
      onError: (error) => {
        signal.removeEventListener('abort', cancel);
        reject(error);
      },
      isPaused: () => false,
    };
    signal.addEventListener('abort', cancel);
    if (begun) model.generator.submitNext(task);
    else model.generator.submit([task]);
  });
}
