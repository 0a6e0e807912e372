/** A thread of lowest priority with a session of its own: it takes batches while a core has nothing else to do. */
export interface SpareThread {
  /** Whether it takes batches. The first question starts it, which takes it a moment. */
  isReady(): boolean;
  /** Computes a batch after those that it has, as the model's own session does. */
  run(inputs: readonly (readonly number[])[]): SpareRun;
  stop(): Promise<void>;
}

/** A batch in the hands of a spare thread. */
export interface SpareRun {
  /** Rejects when the thread cannot; then it is gone. Never settles once the batch is taken back. */
  readonly vectors: Promise<Float32Array[]>;
  /** Whether it is computed, though its vectors may be on their way yet. */
  isDone(): boolean;
  /** Takes the batch back; `false` when its computation has begun. */
  takeBack(): boolean;
}
