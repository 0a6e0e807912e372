const setup = {
  hardware: 'AMD EPYC 7B13, 4 cores, cpu',
  engine: 'llama-cpp',
  options: { contextTokens: 8192, parallelSequences: 4, threads: 3 },
};

const common = {
  model: 'qwen3-0.6b',
  version: 'ver_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2d',
  state: 'done',
  progress: 1,
  step: null,
  setup,
  error: null,
  createdAt: '2026-11-23T12:00:00.000Z',
  startedAt: '2026-11-23T12:00:00.400Z',
  endedAt: '2026-11-23T12:01:12.000Z',
};

export const checkExample = {
  id: 'chk_019aaf0c4d7180938f6e81a24d5e6f70',
  kind: 'conformance',
  ...common,
  passed: false,
  findings: [
    { feature: 'streaming', outcome: 'passed', detail: 'events in order, usage at the end', failures: [] },
    {
      feature: 'tools',
      outcome: 'failed',
      detail: '3 of 4 calls as asked',
      failures: ['two calls at once: only the first was made'],
    },
  ],
  levels: null,
  inputTokens: 2310,
  outputTokens: 864,
};

/** One that has just been asked for. */
export const queuedCheckExample = {
  ...checkExample,
  state: 'queued',
  progress: 0,
  passed: null,
  findings: null,
  setup: null,
  inputTokens: 0,
  outputTokens: 0,
  startedAt: null,
  endedAt: null,
};

export const speedExample = {
  id: 'chk_019aaf0c5e8291a49070f92b35e6f708',
  kind: 'speed',
  ...common,
  passed: null,
  findings: null,
  levels: [
    {
      parallel: 1,
      requests: 4,
      failures: 0,
      inputTokens: 512,
      outputTokens: 256,
      tokensPerSecond: 41.7,
      tokensPerSecondEach: 44.2,
      textsPerSecond: null,
      firstTokenMs: { p50: 182, p95: 210 },
    },
  ],
  inputTokens: 512,
  outputTokens: 256,
};

export const queuedSpeedExample = { ...queuedCheckExample, id: speedExample.id, kind: 'speed' };

export const measurementsExample = {
  loads: [
    {
      ...setup,
      loads: 3,
      loadMs: 2140,
      residentBytes: 981467136,
      measuredAt: '2026-11-23T12:00:02.150Z',
    },
  ],
  items: [speedExample],
  nextCursor: null,
};

export const speedWishExample = { parallel: [1, 4, 16], promptTokens: 512, outputTokens: 128 };
