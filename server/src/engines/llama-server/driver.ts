import type { EngineDriver } from '../../kernel/ports/engine-driver.ts';
import { findLlamaServer } from './llama-server-binary.ts';

/** llama-server, built on this machine or named by a setting. */
export function llamaServerDriver(where: {
  /** `engines` in the data folder. */
  readonly enginesFolder: string;
  /** A binary to use instead of the one that was built. */
  readonly program: string | null;
}): EngineDriver {
  const program = async () => where.program ?? (await findLlamaServer(where.enginesFolder));
  return {
    engine: 'llama-server',
    lane: 'pass-through',
    threadShare: 0.75,
    // Two processes, which both have the vocabulary.
    memory: { processBytes: 190_000_000, vocabularyTokenBytes: 1_600 },
    // The vocabulary is read on libuv's pool; everything else is HTTP.
    environment: { UV_THREADPOOL_SIZE: '2' },
    queueLimit: (parallelSequences) => Math.max(32, parallelSequences * 16),
    program,
    unavailable: async () =>
      (await program()) === null
        ? 'llama-server is not built on this machine: run `samovar engines build llama-server`'
        : null,
  };
}
