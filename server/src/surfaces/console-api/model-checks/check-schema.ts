import Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import type { Page } from '../../../kernel/paging.ts';
import type { Badge, ModelCheck } from '../../../modules/model-checks/index.ts';
import type { Measurement } from '../../../modules/serving/index.ts';
import { timeText } from '../console-route.ts';
import { pageObject } from '../page-query.ts';
import { checkExample, measurementsExample } from './check-examples.ts';

const closed = { additionalProperties: false } as const;
const textOrNull = Type.Union([Type.String(), Type.Null()]);
const outcome = Type.Enum(['passed', 'failed', 'skipped'], {
  description: '`skipped`: the model does not claim it, or nothing could be asked.',
});

const finding = Type.Object(
  {
    feature: Type.String({
      description:
        '`streaming`, `tools`, `json-schema`, `context`, `determinism`, `languages`; of embedding models `vectors` too.',
    }),
    outcome,
    detail: Type.String(),
    failures: Type.Array(Type.String()),
  },
  closed,
);

const level = Type.Object(
  {
    parallel: Type.Integer({ description: 'Requests at a time.' }),
    requests: Type.Integer(),
    failures: Type.Integer(),
    inputTokens: Type.Integer(),
    outputTokens: Type.Integer(),
    tokensPerSecond: Type.Number({
      description: 'Of all requests together: tokens of answers, of embedding models tokens read.',
    }),
    tokensPerSecondEach: Type.Union([Type.Number(), Type.Null()], {
      description: 'Of one request while its answer is written; null of embedding models.',
    }),
    textsPerSecond: Type.Union([Type.Number(), Type.Null()], { description: 'Of embedding models.' }),
    firstTokenMs: Type.Object({ p50: Type.Number(), p95: Type.Number() }, closed),
  },
  closed,
);

const setup = Type.Object(
  {
    hardware: Type.String(),
    engine: Type.String(),
    options: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  },
  closed,
);

export const checkStates = ['queued', 'running', 'done', 'failed'] as const;

/** A check or a measurement: how far it is, and what came out. */
export const checkObject = Type.Object(
  {
    id: Type.String(),
    kind: Type.Enum(['conformance', 'speed']),
    model: Type.String(),
    version: Type.String(),
    state: Type.Enum([...checkStates]),
    progress: Type.Number({ description: 'From 0 to 1.' }),
    step: textOrNull,
    passed: Type.Union([Type.Boolean(), Type.Null()], {
      description: 'Of a conformance check that is done: no feature that the model claims failed.',
    }),
    findings: Type.Union([Type.Array(finding), Type.Null()]),
    levels: Type.Union([Type.Array(level), Type.Null()]),
    setup: Type.Union([setup, Type.Null()], { description: 'What answered; null of connected engines.' }),
    error: Type.Union([
      Type.Object({ code: Type.String(), message: Type.String(), remedy: Type.String() }, closed),
      Type.Null(),
    ]),
    inputTokens: Type.Integer(),
    outputTokens: Type.Integer(),
    createdAt: Type.String(),
    startedAt: textOrNull,
    endedAt: textOrNull,
  },
  { ...closed, examples: [checkExample] },
);

export const checkList = pageObject(checkObject);

/** What loads and measurements told of a version, by what it ran on. */
export const measurementList = Type.Object(
  {
    loads: Type.Array(
      Type.Object(
        {
          ...setup.properties,
          loads: Type.Integer({ description: 'Loads that were measured.' }),
          loadMs: Type.Union([Type.Integer(), Type.Null()], { description: 'Of the last load.' }),
          residentBytes: Type.Union([Type.Integer(), Type.Null()], {
            description: 'The most that a worker had resident.',
          }),
          measuredAt: Type.String(),
        },
        closed,
      ),
    ),
    ...checkList.properties,
  },
  { ...closed, examples: [measurementsExample] },
);

/** What the latest check of a version found, in short. */
export const badgeObject = Type.Object(
  {
    passed: Type.Boolean(),
    features: Type.Array(Type.Object({ feature: Type.String(), outcome }, closed)),
    failures: Type.Array(Type.String()),
    checkedAt: Type.String(),
  },
  closed,
);

export function checkObjectOf(check: ModelCheck): Type.Static<typeof checkObject> {
  const { result, setup: measured } = check;
  const findings = result?.findings ?? null;
  return {
    id: withPrefix('chk', check.id),
    kind: check.kind,
    model: check.modelName,
    version: withPrefix('ver', check.versionId),
    state: check.state,
    progress: check.progress,
    step: check.step,
    passed: findings === null ? null : findings.every((one) => one.outcome !== 'failed'),
    findings: findings === null ? null : findings.map((one) => ({ ...one, failures: [...one.failures] })),
    levels: result?.levels ? [...result.levels] : null,
    setup: measured === null ? null : { ...measured },
    error: check.failure,
    inputTokens: check.inputTokens,
    outputTokens: check.outputTokens,
    createdAt: check.createdAt.toISOString(),
    startedAt: timeText(check.startedAt),
    endedAt: timeText(check.endedAt),
  };
}

export function measurementListOf(
  loads: readonly Measurement[],
  { items, nextCursor }: Page<ModelCheck>,
): Type.Static<typeof measurementList> {
  return {
    loads: loads.map((one) => ({
      hardware: one.hardware,
      engine: one.engine,
      options: { ...one.options },
      loads: one.loads,
      loadMs: one.loadMs,
      residentBytes: one.residentBytes,
      measuredAt: one.measuredAt.toISOString(),
    })),
    items: items.map(checkObjectOf),
    nextCursor,
  };
}

export function badgeObjectOf(badge: Badge): Type.Static<typeof badgeObject> {
  return {
    passed: badge.passed,
    features: badge.features.map((one) => ({ ...one })),
    failures: [...badge.failures],
    checkedAt: badge.checkedAt.toISOString(),
  };
}
