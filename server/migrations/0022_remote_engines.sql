-- Engines that run elsewhere: connections to them, the models that they serve, and what happened to them.
create table remote_engines (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  name text not null,
  kind text not null check (kind in ('openai', 'tei')),
  -- Origin and path prefix, without `/v1`.
  base_url text not null,
  -- Its key and the values of extra headers, as JSON sealed with the master key; null when it has neither.
  sealed_secrets bytea,
  has_key boolean not null default false,
  header_names text[] not null default '{}',
  ca_pem text,
  limits jsonb not null,
  timeouts jsonb not null,
  -- What the engine lists is served under names made of its own ones, besides what is mapped.
  discover boolean not null,
  -- Upstream names to names of ours, with what the engine does not tell.
  mapping jsonb not null default '[]',
  enabled boolean not null default true,
  -- Counts changes of anything above: what was found out about an earlier one is not written.
  revision integer not null default 1,
  state text not null default 'new' check (state in ('new', 'healthy', 'degraded', 'away', 'disabled')),
  -- Why it is not healthy.
  reason text,
  flavour text not null default 'openai'
    check (flavour in ('openai', 'vllm', 'sglang', 'llama-server', 'samovar', 'tei')),
  engine_version text,
  missed_probes integer not null default 0,
  since timestamptz not null default now(),
  probed_at timestamptz,
  next_probe_at timestamptz not null default now(),
  -- The process that probes it now; a process that gives no sign until then is replaced.
  probe_token uuid,
  probe_until timestamptz,
  created_at timestamptz not null default now(),
  unique (project_id, name),
  unique (id, project_id),
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index remote_engines_due on remote_engines (next_probe_at) where enabled;

-- A model of a connected engine, under our name: one replica of the model of that name.
create table remote_models (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  engine_id uuid not null,
  upstream_name text not null,
  model_name text not null,
  -- It answers; false while the engine does not list it, or while what it answers cannot be served.
  serving boolean not null,
  -- Why it is not served.
  problem text,
  task text not null check (task in ('chat', 'embedding')),
  lane text not null check (lane in ('pass-through', 'normalise')),
  -- Why the lane is `normalise`.
  lane_reason text,
  context_tokens integer not null,
  parameters bigint not null default 0,
  capabilities text[] not null,
  -- What its answers carry in `model`.
  answers_as text[] not null,
  dimensions integer,
  -- The base of an adapter, as the engine calls it.
  parent text,
  -- Of what the engine told of it when it was checked: it is checked again when that changes.
  fingerprint text not null,
  checked_at timestamptz not null,
  -- A version of this installation that it also serves; null: the versions in `remote_versions`.
  joined_version_id uuid,
  unique (engine_id, upstream_name),
  foreign key (engine_id, project_id) references remote_engines (id, project_id) on delete cascade,
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index remote_models_name on remote_models (project_id, model_name);

-- Every version that was published for a model of connected engines: all of them are answered by its replicas.
create table remote_versions (
  organization_id uuid not null,
  project_id uuid not null,
  version_id uuid primary key,
  model_name text not null,
  foreign key (version_id, project_id) references model_versions (id, project_id) on delete cascade,
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index remote_versions_name on remote_versions (project_id, model_name);

-- LoRA adapters that shall be loaded on a connected engine, by its own interface.
create table remote_adapters (
  organization_id uuid not null,
  project_id uuid not null,
  engine_id uuid not null,
  -- What the engine shall call it.
  name text not null,
  -- Where the engine finds it: a folder on its own machine, or a name that it resolves itself.
  path text not null,
  state text not null default 'wanted' check (state in ('wanted', 'loaded', 'failed', 'unwanted')),
  error text,
  created_at timestamptz not null default now(),
  primary key (engine_id, name),
  foreign key (engine_id, project_id) references remote_engines (id, project_id) on delete cascade,
  foreign key (project_id, organization_id) references projects (id, organization_id)
);

create table remote_engine_events (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  engine_id uuid not null,
  at timestamptz not null default now(),
  kind text not null,
  detail text not null,
  foreign key (engine_id, project_id) references remote_engines (id, project_id) on delete cascade,
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index remote_engine_events_engine on remote_engine_events (engine_id, id desc);

-- Keys that manage models may also connect engines.
update api_keys set permissions = permissions || array['engines.manage']
  where 'models.manage' = any (permissions) and not 'engines.manage' = any (permissions);
