/** What the console API answers about a connected engine, as far as the commands read it. */
export interface RemoteAnswer {
  readonly name: string;
  readonly kind: string;
  readonly baseUrl: string;
  readonly hasKey: boolean;
  readonly headerNames: readonly string[];
  readonly state: string;
  readonly reason: string | null;
  readonly flavour: string;
  readonly version: string | null;
  readonly since: string;
  readonly limits: { readonly parallelRequests: number; readonly queuedRequests: number };
  readonly timeouts: Readonly<Record<string, number>>;
  readonly models: readonly {
    readonly upstream: string;
    readonly name: string;
    readonly serving: boolean;
    readonly problem: string | null;
    readonly task: string;
    readonly lane: string;
    readonly laneReason: string | null;
    readonly contextTokens: number;
    readonly capabilities: readonly string[];
    readonly adapterOf: string | null;
  }[];
}

export interface ShownRemoteAnswer extends RemoteAnswer {
  readonly adapters: readonly {
    readonly name: string;
    readonly path: string;
    readonly state: string;
    readonly error: string | null;
  }[];
  readonly events: readonly { readonly at: string; readonly kind: string; readonly detail: string }[];
}

export interface RemovedRemoteAnswer extends ShownRemoteAnswer {
  readonly unservedModels: readonly string[];
}
