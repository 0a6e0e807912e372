import { shownEngineObject } from './engine-schema.ts';

export const engineTag = 'Connected engines';
/** What most routes of one engine answer with. */
export const shownEngine = {
  description: 'The engine with its models, adapters and events.',
  schema: shownEngineObject,
};
