import Type from 'typebox';
import { fallbackKinds } from '../../../modules/registry/index.ts';
import { pageObject } from '../page-query.ts';
import { aliasExample, moveExample } from './alias-examples.ts';

const textOrNull = Type.Union([Type.String(), Type.Null()]);
const closed = { additionalProperties: false } as const;

export const aliasScopes = ['project', 'organization'] as const;

const target = {
  model: Type.String(),
  modelId: Type.String(),
  version: Type.Union([Type.String(), Type.Null()], {
    description: 'Pinned to this version; `null`: whatever is the newest ready one.',
  }),
};

const targetNow = {
  state: Type.Enum(['ready', 'registered', 'importing', 'failed', 'archived', 'gone']),
  answeringVersion: textOrNull,
};

const weight = Type.Integer({ description: 'Its share of the sum of all.' });
const kinds = Type.Array(Type.Enum([...fallbackKinds]));

const deprecation = Type.Union([
  Type.Object({ deprecatedAt: Type.String(), sunsetAt: textOrNull, successor: textOrNull }, closed),
  Type.Null(),
]);

const side = Type.Object(
  {
    requests: Type.Integer(),
    failed: Type.Integer(),
    firstByteP95Ms: Type.Union([Type.Number(), Type.Null()]),
  },
  closed,
);

const canary = Type.Object(
  {
    id: Type.String(),
    state: Type.Enum(['running', 'promoted', 'rolled-back', 'stopped']),
    stable: Type.Object(target, closed),
    candidate: Type.Object(target, closed),
    steps: Type.Array(Type.Object({ percent: Type.Number(), holdSeconds: Type.Number() }, closed)),
    step: Type.Integer({ description: 'The step that it is at, from 0.' }),
    stepStartedAt: Type.String(),
    minRequests: Type.Integer(),
    maxErrorIncrease: Type.Number(),
    maxLatencyRatio: Type.Union([Type.Number(), Type.Null()]),
    maxWaitSeconds: Type.Union([Type.Number(), Type.Null()]),
    whenQuiet: Type.Enum(['roll-back', 'advance', 'stop']),
    seen: Type.Union([Type.Object({ stable: side, candidate: side }, closed), Type.Null()]),
    reason: textOrNull,
    startedAt: Type.String(),
    endedAt: textOrNull,
  },
  closed,
);

export const aliasObject = Type.Object(
  {
    name: Type.String(),
    scope: Type.Enum([...aliasScopes]),
    own: Type.Boolean({ description: 'False: another project of the organization shares it.' }),
    description: Type.String(),
    targets: Type.Array(Type.Object({ ...target, weight, ...targetNow }, closed)),
    fallbacks: Type.Array(Type.Object({ ...target, on: kinds, ...targetNow }, closed)),
    deprecation,
    revision: Type.Integer({ description: 'Counts its moves.' }),
    createdAt: Type.String(),
    updatedAt: Type.String(),
    canary: Type.Union([canary, Type.Null()], { description: 'The last one; it may have ended.' }),
  },
  { ...closed, examples: [aliasExample] },
);

export const aliasPage = pageObject(aliasObject);

const aliasState = Type.Union([
  Type.Object(
    {
      scope: Type.Enum([...aliasScopes]),
      description: Type.String(),
      targets: Type.Array(Type.Object({ ...target, weight }, closed)),
      fallbacks: Type.Array(Type.Object({ ...target, on: kinds }, closed)),
      deprecation,
    },
    closed,
  ),
  Type.Null(),
]);

const moveObject = Type.Object(
  {
    id: Type.String(),
    action: Type.Enum(['set', 'describe', 'promote', 'rollback', 'remove', 'canary']),
    before: aliasState,
    after: aliasState,
    reason: textOrNull,
    canary: textOrNull,
    by: Type.String({ description: 'The key, or the part of the installation, that made the move.' }),
    requestId: textOrNull,
    at: Type.String(),
  },
  { ...closed, examples: [moveExample] },
);

export const movePage = pageObject(moveObject);
