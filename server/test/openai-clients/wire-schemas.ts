import assert from 'node:assert/strict';
import { errorAnswer } from '@samovar/contract/answers/answer-pieces';
import { chatCompletion, chatCompletionChunk } from '@samovar/contract/answers/chat-answer-schema';
import { completion, completionEvent } from '@samovar/contract/answers/completion-answer-schema';
import { embeddingList } from '@samovar/contract/answers/embedding-answer-schema';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { modelList, modelObject } from '../../src/surfaces/openai/models/model-schema.ts';
import { responseAnswer } from '../../src/surfaces/openai/responses/response-answer-schema.ts';
import { responseEvent } from '../../src/surfaces/openai/responses/response-event-schema.ts';

/** The published shapes, closed: a member too many fails like one too few. */
export const wireSchemas = {
  chatCompletion,
  chatCompletionChunk,
  completion,
  completionEvent,
  embeddingList,
  errorAnswer,
  modelList,
  modelObject,
  responseAnswer,
  responseEvent,
} as const;

const compiled = new Map<TSchema, ReturnType<typeof Compile>>();

/** Fails with the first places where the value leaves the published shape. */
export function assertShape(schema: TSchema, value: unknown): void {
  const validator = compiled.get(schema) ?? Compile(schema);
  compiled.set(schema, validator);
  if (validator.Check(value)) return;
  const faults = validator.Errors(value).slice(0, 5);
  assert.fail(`${JSON.stringify(faults, null, 1)}\nin ${JSON.stringify(value).slice(0, 2000)}`);
}

export interface ServerSentEvent {
  readonly event: string | null;
  readonly data: string;
}

/** The events of a stream that ended. */
export function parseEvents(text: string): ServerSentEvent[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n');
      const event = lines.find((line) => line.startsWith('event: '))?.slice(7) ?? null;
      const data = lines
        .filter((line) => line.startsWith('data: '))
        .map((line) => line.slice(6))
        .join('\n');
      return { event, data };
    });
}
