export const statusExample = {
  version: '0.1.0',
  startedAt: '2026-11-23T08:00:00.000Z',
  uptimeSeconds: 14400,
  postgres: { reachable: true, latencyMs: 0.8 },
  engineHosts: [
    {
      name: 'gpu-1',
      alive: true,
      memoryBudgetBytes: 5800000000,
      threads: 4,
      engines: ['llama-cpp', 'llama-server', 'onnx'],
      since: '2026-11-23T08:00:01.000Z',
    },
  ],
};

export const configExample = {
  items: [
    {
      name: 'port',
      env: 'SAMOVAR_PORT',
      yaml: 'port',
      value: '8080',
      source: 'default',
      description: 'Port of every HTTP surface; 0 takes a free one.',
    },
    {
      name: 'postgresUrl',
      env: 'SAMOVAR_POSTGRES_URL',
      yaml: 'postgres.url',
      value: 'postgres://samovar:***@db.internal/samovar',
      source: 'environment',
      description:
        "The company's PostgreSQL (16 or newer), as a `postgres://` URL. Unset: the embedded server.",
    },
  ],
};
