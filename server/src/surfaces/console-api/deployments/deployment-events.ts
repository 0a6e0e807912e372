import type { RouteEvent } from '@samovar/contract/route';
import Type from 'typebox';
import { eventExample, loadingDeploymentExample, logLineExample } from './deployment-examples.ts';
import { deploymentObject, workerStates } from './deployment-schema.ts';

const closed = { additionalProperties: false } as const;
const stateOrNull = Type.Union([Type.Enum([...workerStates]), Type.Null()]);

export const deploymentEvent = Type.Object(
  {
    id: Type.String({ description: 'Grows; also the id of the server-sent event.' }),
    at: Type.String(),
    kind: Type.Enum(['state', 'decision', 'change']),
    from: stateOrNull,
    to: stateOrNull,
    reason: Type.String(),
    detail: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'For keys that manage models.' }),
    ),
  },
  closed,
);

export const logLine = Type.Object(
  { id: Type.String(), at: Type.String(), worker: Type.String(), line: Type.String() },
  closed,
);

export const deploymentStreamEvents: readonly RouteEvent[] = [
  {
    name: 'event',
    description: 'A change of its state, a decision, or a change of its settings.',
    schema: deploymentEvent,
    example: eventExample,
  },
  {
    name: 'status',
    description: 'The whole deployment, whenever what a person watches of it changes.',
    schema: deploymentObject,
    example: loadingDeploymentExample,
  },
];

export const logStreamEvents: readonly RouteEvent[] = [
  { name: 'line', description: 'What a worker wrote.', schema: logLine, example: logLineExample },
];
