-- Asynchronous requests that wait or run. The hot table is narrow and changes often: room in each page, early vacuum.
-- What was asked lies beside it, written once and deleted with it. Both are written in the transaction that makes their
-- operation, whose foreign key to the project holds for them too, and end with it.
create table inference_queue (
  -- The operation's id.
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  -- A model's name or an alias, as it was asked for.
  model text not null,
  priority smallint not null,
  run_at timestamptz not null,
  -- Of the worker process that has it; null while it waits.
  owner uuid,
  lease_until timestamptz,
  -- Fencing token, one more with each claim.
  attempt integer not null default 0,
  -- Attempts that an engine failed.
  failures smallint not null default 0
) with (
  fillfactor = 60,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 200,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_scale_factor = 0.2
);
create index inference_queue_waiting on inference_queue (project_id, model, priority desc, run_at, id)
  where owner is null;
create index inference_queue_held on inference_queue (owner) where owner is not null;

create table inference_requests (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  request_id text not null,
  key_id uuid not null,
  endpoint text not null,
  worker_path text not null,
  task text not null,
  model text not null,
  body json not null,
  created_at timestamptz not null
);

-- How many requests a worker process may have running at the workers of a version: all processes together keep to the
-- slots that there are. Belongs to the installation, as engine hosts do.
create table inference_permits (
  version_id uuid not null,
  owner uuid not null,
  permits integer not null check (permits > 0),
  lease_until timestamptz not null,
  primary key (version_id, owner)
);
