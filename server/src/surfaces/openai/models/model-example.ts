export const modelExample = {
  id: 'qwen3-0.6b',
  object: 'model',
  created: 1795435200,
  owned_by: 'samovar',
  samovar: {
    alias_of: null,
    version: 'ver_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2d',
    checks: {
      passed: ['streaming', 'json-schema'],
      failed: ['tools'],
      failures: ['two calls at once: only the first was made'],
      checked_at: '2026-11-23T12:10:00.000Z',
    },
    title: 'Qwen3 0.6B',
    task: 'chat',
    context_tokens: 8192,
    max_context_tokens: 40960,
    engine: 'llama-cpp',
    capabilities: ['chat', 'completions', 'tools', 'json-schema', 'logprobs'],
    dimensions: null,
    license: 'Apache-2.0',
    deprecated: null,
    sunset: null,
    successor: null,
  },
};

export const modelListExample = {
  object: 'list',
  data: [
    modelExample,
    {
      ...modelExample,
      id: 'chat-default',
      samovar: { ...modelExample.samovar, alias_of: 'qwen3-0.6b' },
    },
  ],
};
