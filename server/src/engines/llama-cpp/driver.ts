import type { EngineDriver } from '../../kernel/ports/engine-driver.ts';

/** Our worker on node-llama-cpp. */
export const llamaCppDriver: EngineDriver = {
  engine: 'llama-cpp',
  lane: 'pass-through',
  threadShare: 0.75,
  // The binding runs its calls on libuv's pool; one thread there doubles the speed, as nothing else uses it.
  environment: { UV_THREADPOOL_SIZE: '1' },
  queueLimit: (parallelSequences) => Math.max(32, parallelSequences * 16),
  unavailable: async () => null,
};
