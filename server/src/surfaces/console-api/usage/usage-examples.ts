const totals = {
  requests: 1284,
  failedRequests: 3,
  inputTokens: 912480,
  cachedInputTokens: 401920,
  outputTokens: 188032,
  reasoningTokens: 20480,
};

export const usageExample = {
  from: '2026-11-23T00:00:00.000Z',
  to: '2026-11-24T00:00:00.000Z',
  groupBy: 'model',
  groups: [{ group: 'qwen3-0.6b', ...totals }],
  totals,
};
