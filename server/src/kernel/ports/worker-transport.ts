export interface TransportRequest {
  readonly path: string;
  /** Names and values in turns. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** What a call reports. After `ended`, `unreachable` or `lost` it says no more. */
export interface TransportEvents {
  begin(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void;
  /** Returns false when the reader is full: nothing more comes until `resume`. */
  data(chunk: Buffer): boolean;
  ended(): void;
  /** The worker never took the request. */
  unreachable(cause: Error): void;
  /** The connection broke after the request was sent. */
  lost(cause: Error): void;
}

export interface TransportCall {
  resume(): void;
  /** Drops the connection; nothing more is reported. */
  abort(): void;
}

/** Calls to model workers over connections that are kept. */
export interface WorkerTransport {
  /** Posts to a worker at `unix:/path` or `http://host:port`. */
  call(address: string, request: TransportRequest, events: TransportEvents): TransportCall;
  /** Closes the connections to addresses that are gone; what runs on them ends first. */
  keepOnly(addresses: ReadonlySet<string>): void;
  close(): Promise<void>;
}
