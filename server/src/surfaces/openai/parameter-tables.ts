import { chatParameters } from './chat/chat-parameters.ts';
import { completionParameters } from './completions/completion-parameters.ts';
import { embeddingParameters } from './embeddings/embedding-parameters.ts';
import type { ParameterTable } from './parameter.ts';
import { responseParameters } from './responses/response-parameters.ts';

/** The treatment of every parameter by endpoint: what requests are checked with, and the docs are made from. */
export const parameterTables = {
  'POST /v1/chat/completions': chatParameters,
  'POST /v1/completions': completionParameters,
  'POST /v1/embeddings': embeddingParameters,
  'POST /v1/responses': responseParameters,
} as const satisfies Readonly<Record<string, ParameterTable>>;
