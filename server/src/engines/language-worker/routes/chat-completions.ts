import type { WorkerRoute } from '../../worker-http/worker-route.ts';
import { runAnswer } from '../answer/run-answer.ts';
import type { ChooseModel } from '../answering-models.ts';
import { createAnswerHead } from './answer-head.ts';
import { createChatEventWriter } from './chat-event-writer.ts';
import { createChatObjectWriter } from './chat-object-writer.ts';
import { readChatRequest } from './read-chat-request.ts';
import { readDelivery } from './stream-options.ts';

/** `POST /v1/chat/completions`. */
export function chatCompletionsRoute(loaded: ChooseModel): WorkerRoute {
  return {
    method: 'POST',
    path: '/v1/chat/completions',
    usesModel: true,
    async handle(exchange) {
      const model = loaded(exchange.body);
      const { body } = exchange;
      const delivery = readDelivery(body);
      const head = createAnswerHead('chatcmpl', body, model);
      const plan = await readChatRequest(body, model);
      const count = plan.choices.length;
      const writer = delivery.stream
        ? createChatEventWriter(exchange.events(), head, delivery, count)
        : createChatObjectWriter(exchange, head, count, plan.choices[0]?.topLogprobs !== null);
      runAnswer(model, exchange, plan, writer);
    },
  };
}
