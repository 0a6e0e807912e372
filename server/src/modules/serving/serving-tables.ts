import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { DeploymentOptions, Residency } from './deployment.ts';
import type { Replica } from './replica.ts';
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
    replicas: Generated<number>;
    demand: ColumnType<string, never, number | string>;
    released_demand: ColumnType<string, never, number | string>;
    requested_at: ColumnType<Date | null, never, Date>;
    options: JSONColumnType<DeploymentOptions, never>;
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
    since: Generated<Date>;
  };
};
