-- What was found out about a version by asking it: whether it keeps its promises, and how fast it is. One row for each
-- time; the latest that is done counts.
create table model_checks (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  version_id uuid not null,
  model_name text not null,
  kind text not null check (kind in ('conformance', 'speed')),
  state text not null check (state in ('queued', 'running', 'done', 'failed')),
  -- Levels and lengths of a measurement.
  wanted json not null,
  actor_kind text not null,
  actor_id text not null,
  -- Fencing token of the job that works on it.
  attempt integer not null default 0,
  progress real not null default 0,
  step text,
  -- Hardware, engine and options of the worker that answered.
  setup json,
  result json,
  failure json,
  -- What it took: metered to nobody.
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index model_checks_by_version on model_checks (version_id, kind, id desc);
create unique index model_checks_open on model_checks (version_id, kind) where state in ('queued', 'running');
