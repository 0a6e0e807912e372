import type { Answer, AskedModel, Question } from '../asked-model.ts';

/** The context was full before the answer had its end, or all the tokens that were asked for. */
export class ContextFull extends Error {
  constructor() {
    super('the context was full before the answer ended');
  }
}

/** The same model, asked for whole answers: one that the end of the context cuts off is thrown as `ContextFull`. */
export function wholeAnswers(asked: AskedModel): AskedModel {
  return {
    ...asked,
    async ask(question) {
      const answer = await asked.ask(question);
      if (wasCutOff(answer, question)) throw new ContextFull();
      return answer;
    },
  };
}

/** Whether an answer ended for its length and has fewer tokens than it was allowed. */
function wasCutOff({ objects, counts }: Answer, { body }: Question): boolean {
  const { max_tokens: most } = body;
  if (typeof most !== 'number' || counts.estimated || counts.outputTokens >= most) return false;
  return objects.some(({ choices }) => Array.isArray(choices) && choices.some(endsForLength));
}

function endsForLength(choice: unknown): boolean {
  return Object(choice).finish_reason === 'length';
}
