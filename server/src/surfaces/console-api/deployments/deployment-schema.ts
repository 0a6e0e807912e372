import { kvCachePrecisions } from '@samovar/contract/engine-capabilities';
import Type from 'typebox';
import { type Residency, type WorkerState, workerStateMeanings } from '../../../modules/serving/index.ts';
import { pageObject } from '../page-query.ts';
import { deploymentExample, shownDeploymentExample } from './deployment-examples.ts';

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
  { additionalProperties: false, examples: [deploymentExample] },
);

export const deploymentPage = pageObject(deploymentObject);

export const measurementObject = Type.Object(
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
    examples: [shownDeploymentExample],
  },
);
