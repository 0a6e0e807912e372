import {
  beginEvents,
  chatAnswer,
  chatEvent,
  doneEvent,
  sendJson,
  usageEvent,
  type WorkerRequest,
} from '../scripted-worker.ts';

/** Answers as a worker of each kind of model would, but cannot score; breaks off a stream that asks for it. */
export function answerEveryPath({ path, body, response }: WorkerRequest): void {
  const send = (answer: object) => sendJson(response, 200, JSON.stringify(answer));
  if (path === '/v1/embeddings')
    send({ object: 'list', data: [{ embedding: [1, 0] }], usage: { prompt_tokens: 1, total_tokens: 1 } });
  else if (path === '/tokenize') send({ tokens: [1], count: 1, pieces: [{ text: 'a', special: false }] });
  else if (path === '/score') sendJson(response, 400, '{"samovar":{"code":"engine.unsupported_operation"}}');
  else if (body.stream === true) {
    beginEvents(response);
    response.write(chatEvent('Hel'));
    if (JSON.stringify(body).includes('Break off.')) setTimeout(() => response.destroy(), 30);
    else response.end(chatEvent('lo') + usageEvent() + doneEvent);
  } else sendJson(response, 200, chatAnswer('Hello'));
}
