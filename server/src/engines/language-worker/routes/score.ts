import type { WorkerExchange, WorkerRoute } from '../../worker-http/worker-route.ts';
import { finite } from '../answer/token-logprobs.ts';
import type { GenerationTask } from '../generation/generation-task.ts';
import type { LanguageModel } from '../language-model.ts';
import { defaultSampling } from '../sampling-options.ts';
import { invalidParameter, refuseOthers } from './read-parameters.ts';

const known = new Set(['prompt', 'continuations', 'model']);
const mostContinuations = 1024;

interface Score {
  readonly logprob: number;
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
      refuseOthers(exchange.body, known);
      const { prompt, continuations } = exchange.body;
      if (typeof prompt !== 'string') throw invalidParameter('prompt', 'it must be a text');
      if (!Array.isArray(continuations) || !continuations.every((text) => typeof text === 'string'))
        throw invalidParameter('continuations', 'it must be a list of texts');
      if (continuations.length > mostContinuations)
        throw invalidParameter('continuations', `it takes at most ${mostContinuations} texts`);
      // One after another: each finds the prompt in the cache of the one before.
      const scores: Score[] = [];
      for (const text of continuations) scores.push(await scoreContinuation(model, exchange, prompt, text));
      exchange.json(200, { scores });
    },
  };
}

/** The tokens of the whole text after those of the prompt are the continuation's, as in lm-evaluation-harness. */
function scoreContinuation(
  model: LanguageModel,
  exchange: WorkerExchange,
  prompt: string,
  continuation: string,
): Promise<Score> {
  const whole = model.vocabulary.encodePrompt(prompt + continuation);
  const from = Math.max(1, Math.min(model.vocabulary.encodePrompt(prompt).length, whole.length));
  return new Promise((resolve, reject) => {
    let logprob = 0;
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
      onEnd: () => resolve({ logprob: finite(logprob), tokens: whole.length - from }),
      onError: reject,
      isPaused: () => false,
    };
    exchange.onAbandoned(() => model.generator.cancel(task));
    model.generator.submit([task]);
  });
}
