const head = { id: 'chatcmpl-0198f0c0', created: 1_763_000_000, model: 'smollm2-135m-instruct' };
const usage = { prompt_tokens: 31, completion_tokens: 9, total_tokens: 40 };

/** Time between two events of one stream. */
export const paceMs = 20;

/** About 300 bytes, as a short chat answer is. */
export const wholeAnswer = JSON.stringify({
  ...head,
  object: 'chat.completion',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'The capital of France is Paris.', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage,
});

export const streamEvent = `data: ${JSON.stringify({
  ...head,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { content: ' Paris' }, logprobs: null, finish_reason: null }],
})}\n\n`;

export const usageEvent = `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage })}\n\n`;

export const doneEvent = 'data: [DONE]\n\n';

/** A conversation of one short question. */
export function question(more: object = {}): object {
  return {
    model: 'smollm2-135m-instruct',
    messages: [
      { role: 'system', content: 'You are a helpful assistant. Answer briefly and honestly.' },
      { role: 'user', content: 'What is the capital of France?' },
    ],
    max_tokens: 64,
    temperature: 0.7,
    ...more,
  };
}
