/** A thread of lowest priority with a session of its own: it takes batches while a core has nothing else to do. */
export interface SpareThread {
  /** Whether it can take a batch. The first question starts it, which takes it a moment. */
  isReady(): boolean;
  /** Computes a batch, as the model's own session does. One at a time. Rejects when it cannot; then it is gone. */
  run(inputs: readonly (readonly number[])[]): Promise<Float32Array[]>;
  stop(): Promise<void>;
}
