const stable = {
  model: 'qwen3-8b',
  modelId: 'mdl_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  version: null,
};

const candidate = {
  model: 'support-bot',
  modelId: 'mdl_019aaf0c2b4f7d608c3b5e7f90a1b2c3',
  version: 'ver_019aaf0c2b507e718d4c6f8091b2c3d4',
};

const now = { state: 'ready', answeringVersion: 'ver_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2d' };

export const aliasExample = {
  name: 'chat-default',
  scope: 'project',
  own: true,
  description: 'What the support desk calls.',
  targets: [{ ...stable, weight: 100, ...now }],
  fallbacks: [{ ...candidate, on: ['unavailable', 'overloaded'], ...now }],
  deprecation: null,
  revision: 3,
  createdAt: '2026-11-20T08:00:00.000Z',
  updatedAt: '2026-11-23T12:00:00.000Z',
  canary: null,
};

const before = {
  scope: 'project',
  description: 'What the support desk calls.',
  targets: [{ ...stable, weight: 100 }],
  fallbacks: [],
  deprecation: null,
};

export const moveExample = {
  id: 'mov_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  action: 'promote',
  before,
  after: { ...before, targets: [{ ...candidate, weight: 100 }] },
  reason: 'better at tickets',
  canary: null,
  by: 'key_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  requestId: 'req_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  at: '2026-11-23T12:00:00.000Z',
};

/** The alias while a candidate gets a growing share of its requests. */
export const canariedExample = {
  ...aliasExample,
  targets: [
    { ...stable, weight: 9900, ...now },
    { ...candidate, weight: 100, state: 'ready', answeringVersion: candidate.version },
  ],
  revision: 4,
  canary: {
    id: 'can_019aaf0c3c607f829e5d70913c4d5e6f',
    state: 'running',
    stable,
    candidate,
    steps: [
      { percent: 1, holdSeconds: 600 },
      { percent: 10, holdSeconds: 600 },
      { percent: 100, holdSeconds: 60 },
    ],
    step: 0,
    stepStartedAt: '2026-11-23T12:00:00.000Z',
    minRequests: 50,
    maxErrorIncrease: 0.05,
    maxLatencyRatio: 2,
    maxWaitSeconds: 86400,
    whenQuiet: 'roll-back',
    seen: {
      stable: { requests: 4120, failed: 3, firstByteP95Ms: 412 },
      candidate: { requests: 41, failed: 0, firstByteP95Ms: 388 },
    },
    reason: null,
    startedAt: '2026-11-23T12:00:00.000Z',
    endedAt: null,
  },
};

export const aliasChangeExample = {
  targets: [
    { model: 'qwen3-8b', weight: 90 },
    { model: 'support-bot', version: 'current', weight: 10 },
  ],
  fallbacks: [{ model: 'smollm2-135m-instruct', on: ['unavailable', 'overloaded'] }],
  description: 'What the support desk calls.',
  reason: 'a tenth of the tickets for the new one',
};
