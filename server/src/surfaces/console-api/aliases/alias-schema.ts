import Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import {
  type AliasMove,
  type AliasState,
  type AliasTarget,
  type Canary,
  fallbackKinds,
  type ListedAlias,
  type TargetNow,
} from '../../../modules/registry/index.ts';
import { timeText } from '../console-route.ts';

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

const example = {
  name: 'chat-default',
  scope: 'project',
  own: true,
  description: 'What the support desk calls.',
  targets: [
    {
      model: 'smollm2-135m-instruct',
      modelId: 'mdl_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
      version: null,
      weight: 100,
      state: 'ready',
      answeringVersion: 'ver_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2d',
    },
  ],
  fallbacks: [],
  deprecation: null,
  revision: 1,
  createdAt: '2026-11-23T12:00:00.000Z',
  updatedAt: '2026-11-23T12:00:00.000Z',
  canary: null,
};

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
  { ...closed, examples: [example] },
);

export const aliasPage = Type.Object(
  { items: Type.Array(aliasObject), nextCursor: textOrNull },
  { ...closed, examples: [{ items: [example], nextCursor: null }] },
);

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

const exampleMove = {
  id: 'mov_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  action: 'promote',
  before: null,
  after: null,
  reason: 'better at tickets',
  canary: null,
  by: 'key_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  requestId: 'req_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  at: '2026-11-23T12:00:00.000Z',
};

export const movePage = Type.Object(
  {
    items: Type.Array(
      Type.Object(
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
        closed,
      ),
    ),
    nextCursor: textOrNull,
  },
  { ...closed, examples: [{ items: [exampleMove], nextCursor: null }] },
);

export function aliasObjectOf(alias: ListedAlias): object {
  const { targets, fallbacks, now } = alias;
  return {
    name: alias.name,
    scope: alias.scope,
    own: alias.own,
    description: alias.description,
    targets: targets.map((one, place) => ({
      ...targetOf(one),
      weight: one.weight,
      ...targetNowOf(now[place]),
    })),
    fallbacks: fallbacks.map((one, place) => ({
      ...targetOf(one),
      on: one.on,
      ...targetNowOf(now[targets.length + place]),
    })),
    deprecation: alias.deprecation,
    revision: alias.revision,
    createdAt: timeText(alias.createdAt),
    updatedAt: timeText(alias.updatedAt),
    canary: alias.canary && canaryOf(alias.canary),
  };
}

export function moveObjectOf(move: AliasMove): object {
  return {
    id: withPrefix('mov', move.id),
    action: move.action,
    before: move.before && stateOf(move.before),
    after: move.after && stateOf(move.after),
    reason: move.reason,
    canary: move.canaryId && withPrefix('can', move.canaryId),
    by: move.actor.kind === 'api-key' ? withPrefix('key', move.actor.id) : move.actor.id,
    requestId: move.requestId,
    at: timeText(move.at),
  };
}

function stateOf({ scope, description, targets, fallbacks, deprecation }: AliasState): object {
  return {
    scope,
    description,
    targets: targets.map((one) => ({ ...targetOf(one), weight: one.weight })),
    fallbacks: fallbacks.map((one) => ({ ...targetOf(one), on: one.on })),
    deprecation,
  };
}

function canaryOf(canary: Canary): object {
  return {
    id: withPrefix('can', canary.id),
    state: canary.state,
    stable: targetOf(canary.stable),
    candidate: targetOf(canary.candidate),
    steps: canary.steps,
    step: canary.step,
    stepStartedAt: timeText(canary.stepStartedAt),
    ...canary.limits,
    seen: canary.seen,
    reason: canary.reason,
    startedAt: timeText(canary.startedAt),
    endedAt: timeText(canary.endedAt),
  };
}

function targetOf({ model, modelId, versionId }: AliasTarget) {
  return {
    model,
    modelId: withPrefix('mdl', modelId),
    version: versionId === null ? null : withPrefix('ver', versionId),
  };
}

function targetNowOf(now: TargetNow | undefined) {
  const version = now?.answeringVersionId ?? null;
  return {
    state: now?.state ?? 'gone',
    answeringVersion: version === null ? null : withPrefix('ver', version),
  };
}
