-- Which versions shall answer, which machines can run them, and which model workers do.
create table deployments (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  version_id uuid not null unique,
  model_name text not null,
  desired text not null default 'on-demand' check (desired in ('always', 'on-demand', 'stopped')),
  pinned boolean not null default false,
  replicas integer not null default 1 check (replicas >= 1),
  -- On-demand: to be loaded while demand is ahead of what was released.
  demand bigint not null default 0,
  released_demand bigint not null default 0,
  requested_at timestamptz,
  options jsonb not null default '{}',
  created_at timestamptz not null default now(),
  unique (id, project_id),
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index deployments_project on deployments (project_id);

-- Machines belong to the installation, not to a tenant.
create table engine_hosts (
  id uuid primary key,
  name text not null unique,
  -- Who holds the name: a process changes rows of this host only while its own token stands here.
  lease_token uuid,
  lease_until timestamptz not null,
  memory_budget_bytes bigint not null,
  threads integer not null,
  engines text[] not null,
  pid integer not null,
  process_started_at text not null,
  since timestamptz not null default now()
);

create table model_workers (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  deployment_id uuid not null,
  version_id uuid not null,
  host_id uuid not null references engine_hosts (id),
  state text not null
    check (state in ('on-disk', 'starting', 'loading', 'ready', 'draining', 'unloaded', 'failed')),
  address text,
  lane text not null check (lane in ('pass-through', 'normalise')),
  slots integer not null default 0,
  threads integer not null default 0,
  memory_bytes bigint not null default 0,
  resident_bytes bigint not null default 0,
  load_progress real not null default 0,
  attempt integer not null default 0,
  last_error text,
  -- A failed worker that its host will start again; null when it will not by itself.
  retry_at timestamptz,
  pid integer,
  process_started_at text,
  since timestamptz not null default now(),
  unique (deployment_id, host_id),
  foreign key (deployment_id, project_id) references deployments (id, project_id) on delete cascade,
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index model_workers_host on model_workers (host_id);
create index model_workers_version on model_workers (version_id);
