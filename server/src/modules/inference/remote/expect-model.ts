import { SamovarError } from '../../../kernel/errors.ts';
import type { AnswerTarget } from '../answer-reader.ts';
import type { JsonObject } from '../json-object.ts';

/**
 * Lets through what names one of these models, or none. Throws `engine.failed` for an answer of another model: a
 * connection out of step, a proxy that mixes things up, a server that was started anew with another model.
 */
export function expectModel(names: readonly string[]): (answer: JsonObject) => void {
  return ({ model }) => {
    if (typeof model === 'string' && model !== '' && !names.includes(model)) throw otherModel(model);
  };
}

/** The same for bytes that are forwarded untouched: the first that come must name the model. */
export function expectModelInBytes(target: AnswerTarget, name: string): AnswerTarget {
  const needle = Buffer.from(`"model":${JSON.stringify(name)}`);
  let seen = false;
  return {
    bytes(chunk) {
      seen ||= chunk.includes(needle);
      if (!seen) throw otherModel('unnamed');
      return target.bytes(chunk);
    },
    object: (value) => target.object(value),
  };
}

function otherModel(model: string): SamovarError {
  return new SamovarError('engine.failed', {
    cause: new Error(`the answer is of the model ${model.slice(0, 200)}`),
  });
}
