-- Deployments as resources: what an operator sets for each one, why it is as it is, who waits for it, and what its
-- workers wrote.
alter table deployments add column priority integer not null default 0 check (priority between -100 and 100);
-- Null: what the settings say; 0: never unloaded for being idle.
alter table deployments add column idle_seconds integer check (idle_seconds >= 0);
-- Taken off the machines by an operator: nothing loads it until it is made again.
alter table deployments add column removed_at timestamptz;
-- Versions of LoRA adapters that a worker serves beside its base.
alter table model_workers add column adapters uuid[] not null default '{}';

-- Ids of one deployment grow in the order of the commits: whoever appends holds the deployment's row.
create table deployment_events (
  id bigint generated always as identity primary key,
  organization_id uuid not null,
  project_id uuid not null,
  deployment_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  kind text not null check (kind in ('state', 'decision', 'change')),
  from_state text,
  to_state text,
  reason text not null,
  -- For those who manage models.
  detail jsonb not null default '{}',
  foreign key (deployment_id, project_id) references deployments (id, project_id) on delete cascade,
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index deployment_events_deployment on deployment_events (deployment_id, id);

-- Deployments that are wanted and wait for memory of a host.
create table load_queue (
  organization_id uuid not null,
  project_id uuid not null,
  deployment_id uuid not null,
  host_id uuid not null references engine_hosts (id) on delete cascade,
  -- From 1; the next one to be loaded is the first.
  position integer not null,
  reason text not null,
  since timestamptz not null default now(),
  primary key (deployment_id, host_id),
  foreign key (deployment_id, project_id) references deployments (id, project_id) on delete cascade,
  foreign key (project_id, organization_id) references projects (id, organization_id)
);

-- Requests that wait in a process until their model is loaded; old rows are those of processes that are gone.
create table load_waits (
  organization_id uuid not null,
  project_id uuid not null,
  version_id uuid not null,
  process_id uuid not null,
  requests integer not null,
  updated_at timestamptz not null default now(),
  primary key (version_id, process_id),
  foreign key (project_id, organization_id) references projects (id, organization_id)
);

create table deployment_logs (
  id bigint generated always as identity primary key,
  organization_id uuid not null,
  project_id uuid not null,
  deployment_id uuid not null,
  worker_id uuid not null,
  at timestamptz not null,
  line text not null,
  foreign key (deployment_id, project_id) references deployments (id, project_id) on delete cascade,
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index deployment_logs_deployment on deployment_logs (deployment_id, id);
