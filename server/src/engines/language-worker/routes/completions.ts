import type { WorkerRoute } from '../../worker-http/worker-route.ts';
import { runAnswer } from '../answer/run-answer.ts';
import type { ChooseModel } from '../answering-models.ts';
import { createAnswerHead } from './answer-head.ts';
import { createCompletionEventWriter, createCompletionObjectWriter } from './completion-writers.ts';
import { readCompletionRequest } from './read-completion-request.ts';
import { readDelivery } from './stream-options.ts';

/** `POST /v1/completions`. */
export function completionsRoute(loaded: ChooseModel): WorkerRoute {
  return {
    method: 'POST',
    path: '/v1/completions',
    usesModel: true,
    async handle(exchange) {
      const model = loaded(exchange.body);
      const { body } = exchange;
      const delivery = readDelivery(body);
      const head = createAnswerHead('cmpl', body, model);
      const { plan, echoes } = await readCompletionRequest(body, model);
      const writer = delivery.stream
        ? createCompletionEventWriter(exchange.events(), head, delivery, echoes)
        : createCompletionObjectWriter(exchange, head, echoes, plan.choices[0]?.topLogprobs !== null);
      runAnswer(model, exchange, plan, writer);
    },
  };
}
