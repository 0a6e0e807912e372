import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { EngineMemories } from '../../kernel/ports/engine-driver.ts';
import type { DeploymentOptions, Residency } from './deployment.ts';
import type { DeploymentEventKind } from './deployment-event.ts';
import type { Replica } from './replica.ts';
import type { WorkerFailure } from './worker-failure.ts';
import type { WorkerState } from './worker-state.ts';

/** bigint: the driver reads it as text. */
type Bigint = ColumnType<string, number | string, number | string>;

/** The tables of this module, as Kysely types them. */
export type ServingTables = {
  readonly deployments: {
    id: string;
    organization_id: string;
    project_id: string;
    version_id: string;
    model_name: string;
    desired: Generated<Residency>;
    pinned: Generated<boolean>;
    priority: Generated<number>;
    idle_seconds: number | null;
    removed_at: Date | null;
    replicas: Generated<number>;
    demand: ColumnType<string, never, number | string>;
    released_demand: ColumnType<string, never, number | string>;
    requested_at: ColumnType<Date | null, never, Date>;
    options: JSONColumnType<DeploymentOptions, string | undefined>;
    created_at: Generated<Date>;
  };
  readonly engine_hosts: {
    id: string;
    name: string;
    lease_token: string | null;
    lease_until: Date;
    memory_budget_bytes: Bigint;
    threads: number;
    engines: string[];
    engine_memory: JSONColumnType<EngineMemories, string | undefined, string>;
    pid: number;
    process_started_at: string;
    since: Generated<Date>;
  };
  readonly model_workers: {
    id: string;
    organization_id: string;
    project_id: string;
    deployment_id: string;
    version_id: string;
    host_id: string;
    state: WorkerState;
    address: string | null;
    lane: Replica['lane'];
    slots: Generated<number>;
    context_tokens: number | null;
    threads: Generated<number>;
    memory_bytes: Bigint;
    resident_bytes: ColumnType<string, never, number>;
    load_progress: Generated<number>;
    attempt: Generated<number>;
    last_error: string | null;
    public_error: string | null;
    processor: string | null;
    retry_at: Date | null;
    pid: number | null;
    process_started_at: string | null;
    adapters: Generated<string[]>;
    /** By their versions. */
    failed_adapters: JSONColumnType<Record<string, WorkerFailure>, string | undefined, string>;
    since: Generated<Date>;
  };
  readonly deployment_events: {
    id: Generated<string>;
    organization_id: string;
    project_id: string;
    deployment_id: string;
    at: Generated<Date>;
    kind: DeploymentEventKind;
    from_state: WorkerState | null;
    to_state: WorkerState | null;
    reason: string;
    detail: JSONColumnType<Record<string, unknown>, string, never>;
  };
  readonly load_queue: {
    organization_id: string;
    project_id: string;
    deployment_id: string;
    host_id: string;
    position: number;
    reason: string;
    since: Date;
  };
  readonly load_waits: {
    organization_id: string;
    project_id: string;
    version_id: string;
    process_id: string;
    requests: number;
    updated_at: Generated<Date>;
  };
  readonly deployment_logs: {
    id: Generated<string>;
    organization_id: string;
    project_id: string;
    deployment_id: string;
    worker_id: string;
    at: Date;
    line: string;
  };
  readonly version_measurements: {
    organization_id: string;
    project_id: string;
    version_id: string;
    hardware: string;
    engine: string;
    options: JSONColumnType<Record<string, string | number>, string, never>;
    loads: number;
    load_ms: number | null;
    resident_bytes: ColumnType<string | null, number | null, number | string | null>;
    measured_at: Generated<Date>;
  };
};
