import type { CompiledGrammar, GenerationTask } from './generation-task.ts';

/** An engine with a loaded model: runs tasks, several at a time. All that an engine owes the routes. */
export interface TextGenerator {
  readonly activeTasks: number;
  readonly queuedTasks: number;
  /** Rejects when the engine cannot follow this grammar. */
  compileGrammar(gbnf: string): Promise<CompiledGrammar>;
  /**
   * Takes the tasks of one request. Throws `engine.context_exceeded` when a prompt does not fit, `engine.busy` when
   * the queue is full, `engine.unsupported_parameter` for what this engine cannot do; then none of them is taken.
   */
  submit(tasks: readonly GenerationTask[]): void;
  /** Takes a further task of a request that was taken already: it goes before those that wait. */
  submitNext(task: GenerationTask): void;
  /** Ends a task within the running step. Its `onEnd` is called. */
  cancel(task: GenerationTask): void;
  /** A paused task's reader caught up. */
  wake(): void;
  /** Ends everything with `system.draining`; resolves when the engine is no longer used. */
  stop(): Promise<void>;
}
