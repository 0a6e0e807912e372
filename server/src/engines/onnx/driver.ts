import type { EngineDriver } from '../../kernel/ports/engine-driver.ts';

/** Our worker on onnxruntime-node. */
export const onnxDriver: EngineDriver = {
  engine: 'onnx',
  lane: 'pass-through',
  threadShare: 0.25,
  memory: { processBytes: 135_000_000, vocabularyTokenBytes: 500 },
  // The binding computes each batch in the thread that asks for it.
  // The ready-made ONNX Runtime reports its use to its maker unless this says no.
  environment: { UV_THREADPOOL_SIZE: '2', ORT_DISABLE_TELEMETRY: '1' },
  // In inputs, not requests: one request may bring 2,048.
  queueLimit: () => 8192,
  unavailable: async () => null,
};
