/** What happens to an answer that its writer has to know. */
export interface AnswerWatcher {
  /** The client has fetched what waited for it: more may be written. */
  drained(): void;
  /** The client left before it had the whole answer. */
  left(): void;
}

/**
 * One answer on its way to a client, whatever carries it. Headers are names and values in turns. Either `send`, or
 * `begin`, any number of `write` and `end`. What is written to a closed answer is dropped.
 */
export interface HttpAnswer {
  /** Its head is out: no other answer can be given. */
  readonly begun: boolean;
  /** Nothing that is written now reaches the client. */
  readonly closed: boolean;
  watch(watcher: AnswerWatcher): void;
  /** The whole answer, with its length. */
  send(status: number, headers: readonly string[], body: Buffer): void;
  /** The head of a body that comes piece by piece. */
  begin(status: number, headers: readonly string[]): void;
  /** Returns false when the client reads slowly; `drained` follows. */
  write(piece: Buffer): boolean;
  end(): void;
  /** Cuts the connection: the only honest end of half a body. */
  destroy(): void;
}
