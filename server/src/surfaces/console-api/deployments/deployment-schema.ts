import { kvCachePrecisions } from '@samovar/contract/engine-capabilities';
import Type from 'typebox';
import { withPrefix } from '../../../kernel/ids.ts';
import type { Principal } from '../../../kernel/principal.ts';
import {
  type DeploymentEvent,
  type DeploymentStatus,
  type LogLine,
  type Measurement,
  type Residency,
  type WorkerState,
  workerStateMeanings,
} from '../../../modules/serving/index.ts';
import { timeText } from '../console-route.ts';

export const residencies: readonly Residency[] = ['always', 'on-demand', 'stopped'];
export const workerStates: readonly WorkerState[] = [
  'on-disk',
  'starting',
  'loading',
  'ready',
  'draining',
  'unloaded',
  'failed',
];

const nothing = Type.Null();
const textOrNull = Type.Union([Type.String(), nothing]);

const stateField = Type.Enum([...workerStates], {
  description: workerStates.map((state) => `\`${state}\`: ${workerStateMeanings[state]}`).join('; '),
});

/** What an operator sets; each field is optional. */
const settingFields = {
  residency: Type.Optional(
    Type.Enum([...residencies], {
      description:
        '`always` stays loaded, `on-demand` is loaded when called and unloaded when idle, `stopped` never loads.',
    }),
  ),
  pinned: Type.Optional(Type.Boolean({ description: 'Never unloaded to make room or for being idle.' })),
  priority: Type.Optional(
    Type.Integer({
      minimum: -100,
      maximum: 100,
      description:
        'The lower one makes room first; of two that wait, the higher one is loaded a little earlier.',
    }),
  ),
  idleSeconds: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum: 31_536_000 }), nothing], {
      description: 'Idle for so long it is unloaded; 0: never, null: as SAMOVAR_IDLE_UNLOAD_SECONDS says.',
    }),
  ),
  engine: Type.Optional(
    Type.Union([Type.String({ maxLength: 64 }), nothing], {
      description: 'Instead of the one that the manifest names; null takes the choice back.',
    }),
  ),
  options: Type.Optional(
    Type.Object(
      {
        contextTokens: Type.Optional(
          Type.Union([Type.Integer({ minimum: 16, maximum: 10_000_000 }), nothing]),
        ),
        parallelSequences: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 256 }), nothing])),
        threads: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 1024 }), nothing])),
        kvCache: Type.Optional(
          Type.Union([Type.Enum([...kvCachePrecisions]), nothing], {
            description: 'Precision of the cache of keys and values; `q8_0` takes about half the memory.',
          }),
        ),
      },
      {
        additionalProperties: false,
        description:
          'How its worker is started; null takes a choice back. A change loads a loaded model again, once its running answers have ended. What the engine does not honour is refused by name.',
      },
    ),
  ),
  base: Type.Optional(
    Type.Union([Type.String({ maxLength: 256 }), nothing], {
      description: 'Of a LoRA adapter: the model to run on, in place of the one found by lineage.',
    }),
  ),
  force: Type.Optional(
    Type.Boolean({
      description: 'Runs an adapter on a base of another lineage all the same; it is recorded.',
    }),
  ),
};

export const deploymentChange = Type.Object(settingFields, {
  additionalProperties: false,
  minProperties: 1,
  examples: [{ residency: 'always', priority: 10, options: { contextTokens: 4096 } }],
});

export const newDeployment = Type.Object(
  {
    model: Type.String({ minLength: 1, maxLength: 256, description: 'A model, or an alias.' }),
    version: Type.Optional(
      Type.String({ maxLength: 64, description: 'Of that model; the current one when absent.' }),
    ),
    ...settingFields,
  },
  { additionalProperties: false, examples: [{ model: 'smollm2-135m-instruct', residency: 'always' }] },
);

export const deploymentObject = Type.Object(
  {
    id: Type.String(),
    model: Type.String(),
    version: Type.String(),
    residency: Type.Enum([...residencies]),
    pinned: Type.Boolean(),
    priority: Type.Integer(),
    idleSeconds: Type.Union([Type.Integer(), nothing]),
    engine: textOrNull,
    options: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
    state: stateField,
    loadProgress: Type.Number({ description: 'From 0 to 1 while loading.' }),
    reason: Type.Union([Type.String(), nothing], { description: 'Why it is in this state, in words.' }),
    queue: Type.Union(
      [
        Type.Object(
          {
            position: Type.Integer({ description: 'From 1: the next one to be loaded is the first.' }),
            reason: Type.String(),
            since: Type.String(),
          },
          { additionalProperties: false },
        ),
        nothing,
      ],
      { description: 'Its place among those that wait for memory; null while it does not.' },
    ),
    waitingRequests: Type.Integer({ description: 'Requests that wait for it to be loaded.' }),
    lastError: Type.Union([Type.String(), nothing], {
      description: 'Whole for keys that manage models, short for others.',
    }),
    attempt: Type.Integer(),
    host: textOrNull,
    processor: textOrNull,
    threads: Type.Integer(),
    contextTokens: Type.Union([Type.Integer(), nothing], {
      description:
        'Of its worker, while it is in memory: what prompt and answer may have together. Less than what the model could take where that does not fit the memory, or was set.',
    }),
    memoryBytes: Type.Integer({ description: 'What was set aside for it.' }),
    residentBytes: Type.Integer({ description: 'What it takes, as measured.' }),
    baseVersion: Type.Union([Type.String(), nothing], {
      description: 'Of an adapter that is loaded: the version in whose worker it runs.',
    }),
    adapterVersions: Type.Array(Type.String(), {
      description: 'Of a base that is loaded: the adapters that share its weights.',
    }),
    requestedAt: textOrNull,
    since: textOrNull,
    createdAt: Type.String(),
  },
  { additionalProperties: false },
);

const exampleDeployment = {
  id: 'dep_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  model: 'smollm2-135m-instruct',
  version: 'ver_019aaf0b7a107d3e9c4b5a6d7e8f9a0b',
  residency: 'on-demand',
  pinned: false,
  priority: 0,
  idleSeconds: null,
  engine: null,
  options: { contextTokens: 2048 },
  state: 'unloaded',
  loadProgress: 0,
  reason: 'unloaded: idle for 300 s',
  queue: null,
  waitingRequests: 0,
  lastError: null,
  attempt: 1,
  host: 'gpu-1',
  processor: 'cpu',
  threads: 4,
  contextTokens: null,
  memoryBytes: 287309824,
  residentBytes: 0,
  baseVersion: null,
  adapterVersions: [],
  requestedAt: '2026-11-23T12:00:00.000Z',
  since: '2026-11-23T12:05:02.150Z',
  createdAt: '2026-11-20T08:00:00.000Z',
};

export const deploymentPage = Type.Object(
  { items: Type.Array(deploymentObject), nextCursor: textOrNull },
  { additionalProperties: false, examples: [{ items: [exampleDeployment], nextCursor: null }] },
);

const measurementObject = Type.Object(
  {
    hardware: Type.String(),
    engine: Type.String(),
    options: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
    loads: Type.Integer(),
    loadMs: Type.Union([Type.Integer(), nothing]),
    residentBytes: Type.Union([Type.Integer(), nothing]),
    measuredAt: Type.String(),
  },
  { additionalProperties: false },
);

export const shownDeployment = Type.Object(
  {
    ...deploymentObject.properties,
    capability: Type.Union(
      [
        Type.Object(
          {
            engine: Type.String(),
            options: Type.Array(Type.String(), { description: 'Options that its engine honours.' }),
            adapters: Type.Boolean({
              description: 'Whether LoRA adapters run on it here, all sharing its weights.',
            }),
          },
          { additionalProperties: false },
        ),
        nothing,
      ],
      { description: 'What its engine can do with a deployment; null when its version is gone.' },
    ),
    measured: Type.Array(measurementObject, {
      description: 'What its loads took, by hardware, engine and options; the latest first.',
    }),
  },
  {
    additionalProperties: false,
    examples: [
      {
        ...exampleDeployment,
        capability: {
          engine: 'llama-cpp',
          options: ['contextTokens', 'parallelSequences', 'threads', 'kvCache'],
          adapters: true,
        },
        measured: [
          {
            hardware: 'AMD EPYC 7B13, 4 cores, cpu',
            engine: 'llama-cpp',
            options: { contextTokens: 2048, parallelSequences: 4, threads: 3 },
            loads: 3,
            loadMs: 2140,
            residentBytes: 264241152,
            measuredAt: '2026-11-23T12:00:02.150Z',
          },
        ],
      },
    ],
  },
);

/** A deployment as `reader` may see it. */
export function deploymentObjectOf(
  status: DeploymentStatus,
  reader: Pick<Principal, 'permissions'>,
): Type.Static<typeof deploymentObject> {
  const { engine: _engine, base: _base, ...options } = status.options;
  return {
    id: withPrefix('dep', status.deploymentId),
    model: status.modelName,
    version: withPrefix('ver', status.versionId),
    residency: status.desired,
    pinned: status.pinned,
    priority: status.priority,
    idleSeconds: status.idleSeconds,
    engine: status.engine,
    // The database keeps no order of them.
    options: Object.fromEntries(Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    state: status.state,
    loadProgress: status.loadProgress,
    reason: status.reason,
    queue: status.queue && { ...status.queue, since: status.queue.since.toISOString() },
    waitingRequests: status.waitingRequests,
    lastError: reader.permissions.has('models.manage') ? status.lastError : status.publicError,
    attempt: status.attempt,
    host: status.hostName,
    processor: status.processor,
    threads: status.threads,
    contextTokens: status.contextTokens,
    memoryBytes: status.memoryBytes,
    residentBytes: status.residentBytes,
    baseVersion: status.baseVersionId && withPrefix('ver', status.baseVersionId),
    adapterVersions: status.adapterVersionIds.map((id) => withPrefix('ver', id)),
    requestedAt: timeText(status.requestedAt),
    since: timeText(status.since),
    createdAt: status.createdAt.toISOString(),
  };
}

export function measurementObjectOf(measurement: Measurement): Type.Static<typeof measurementObject> {
  const { versionId: _version, ...facts } = measurement;
  return { ...facts, options: { ...facts.options }, measuredAt: facts.measuredAt.toISOString() };
}

/** An event as `reader` may see it: details name hosts, files and processes. */
export function eventObjectOf(event: DeploymentEvent, reader: Pick<Principal, 'permissions'>): object {
  const { id, at, kind, from, to, reason, detail } = event;
  return {
    id,
    at: at.toISOString(),
    kind,
    from,
    to,
    reason,
    ...(reader.permissions.has('models.manage') && { detail }),
  };
}

export function logLineObjectOf({ id, at, workerId, line }: LogLine) {
  return { id, at: at.toISOString(), worker: withPrefix('wrk', workerId), line };
}
