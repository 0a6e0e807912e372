export const deploymentExample = {
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

export const shownDeploymentExample = {
  ...deploymentExample,
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
};

/** One that a request has just asked for. */
export const loadingDeploymentExample = {
  ...deploymentExample,
  state: 'loading',
  loadProgress: 0.4,
  reason: 'loading: asked for by a request',
  waitingRequests: 2,
  since: '2026-11-23T12:10:00.300Z',
};

/** One that was just set up anew. */
export const changedDeploymentExample = {
  ...deploymentExample,
  residency: 'always',
  priority: 10,
  options: { contextTokens: 4096 },
};

export const eventExample = {
  id: '42',
  at: '2026-11-23T12:10:00.300Z',
  kind: 'state',
  from: 'unloaded',
  to: 'loading',
  reason: 'loading: asked for by a request',
  detail: { host: 'gpu-1', neededBytes: 287309824 },
};

export const logLineExample = {
  id: '8123',
  at: '2026-11-23T12:10:02.041Z',
  worker: 'wrk_019aaf0c6fa382b5a18103a46f708192',
  line: '{"level":"info","message":"the model is loaded","loadMs":1741}',
};
