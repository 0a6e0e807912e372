-- Models, their immutable versions, the files of each, how an import goes on, and the names that point at versions.
create table models (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  name text not null,
  owned_by text not null,
  created_at timestamptz not null default now(),
  foreign key (project_id, organization_id) references projects (id, organization_id),
  unique (project_id, name),
  unique (id, project_id)
);

create table model_versions (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  model_id uuid not null,
  -- SHA-256 of the manifest in canonical JSON: the same manifest is never a second version.
  manifest_sha256 text not null,
  manifest jsonb not null,
  state text not null check (state in ('registered', 'importing', 'ready', 'failed')),
  created_at timestamptz not null default now(),
  ready_at timestamptz,
  foreign key (project_id, organization_id) references projects (id, organization_id),
  foreign key (model_id, project_id) references models (id, project_id),
  unique (model_id, manifest_sha256),
  unique (id, project_id)
);

create table model_files (
  organization_id uuid not null,
  project_id uuid not null,
  version_id uuid not null,
  name text not null,
  size_bytes bigint not null,
  sha256 text not null,
  -- Null until the file is in the object store.
  object_key text,
  primary key (version_id, name),
  foreign key (project_id, organization_id) references projects (id, organization_id),
  foreign key (version_id, project_id) references model_versions (id, project_id)
);

create table model_imports (
  organization_id uuid not null,
  project_id uuid not null,
  version_id uuid primary key,
  -- Fencing token: who started latest owns the row.
  attempt bigint not null default 0,
  phase text not null default 'waiting' check (phase in ('waiting', 'downloading', 'storing', 'done', 'failed')),
  downloaded_bytes bigint not null default 0,
  total_bytes bigint not null default 0,
  bytes_per_second bigint not null default 0,
  error text,
  remedy text,
  updated_at timestamptz not null default now(),
  foreign key (project_id, organization_id) references projects (id, organization_id),
  foreign key (version_id, project_id) references model_versions (id, project_id)
);

create table model_aliases (
  organization_id uuid not null,
  project_id uuid not null,
  name text not null,
  model_id uuid not null,
  -- Null: the newest ready version of the model.
  version_id uuid,
  updated_at timestamptz not null default now(),
  primary key (project_id, name),
  foreign key (project_id, organization_id) references projects (id, organization_id),
  foreign key (model_id, project_id) references models (id, project_id),
  foreign key (version_id, project_id) references model_versions (id, project_id)
);
