-- Bringing models in (requests and uploads as data), taking them out of use, and what the object store holds of them.
alter table models
  add column deprecated_at timestamptz,
  add column archived_at timestamptz,
  -- The model to use instead, by its name.
  add column successor text;
alter table model_versions
  add column archived_at timestamptz,
  -- When an older version was made the one that its model's name means; else the time when it became ready counts.
  add column current_since timestamptz;
-- Where the files lie beside the places that the manifest names; tried first.
alter table model_imports add column extra_sources text[] not null default '{}';

-- Somebody's wish for a model from anywhere, one row each, kept when it has ended. What sources and files say of
-- themselves is `json`: it may hold characters that `jsonb` refuses.
create table import_requests (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  source text not null,
  wanted json not null,
  state text not null check (state in ('resolving', 'waiting-for-license', 'downloading', 'inspecting', 'converting',
    'storing', 'ready', 'failed', 'cancelled')),
  -- Fencing token: who started latest, or cancelled it, owns the row.
  attempt bigint not null default 0,
  -- Counts every change, for those who follow it.
  revision bigint not null default 0,
  resolved json,
  terms json,
  acceptance json,
  fetched json,
  inspection json,
  progress json,
  failure json,
  model_name text not null,
  version_id uuid,
  actor json not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  ended_at timestamptz,
  foreign key (project_id, organization_id) references projects (id, organization_id)
) with (fillfactor = 70);
create index import_requests_by_project on import_requests (project_id, id);

-- Files on their way to us, in parts that lie in the object store: any api process can go on.
create table uploads (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  name text not null,
  size_bytes bigint not null check (size_bytes > 0),
  -- What its sender says it is; compared when the last byte has come.
  sha256 text,
  received_bytes bigint not null default 0,
  state text not null check (state in ('receiving', 'complete', 'refused')),
  created_by uuid not null,
  created_at timestamptz not null default now(),
  -- Moves on with every part; then the upload and its parts are forgotten.
  expires_at timestamptz not null,
  unique (id, project_id),
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index uploads_by_project on uploads (project_id, id);
create index uploads_by_digest on uploads (project_id, sha256) where state = 'complete';
create index uploads_by_expiry on uploads (expires_at);

create table upload_parts (
  organization_id uuid not null,
  project_id uuid not null,
  upload_id uuid not null,
  offset_bytes bigint not null,
  size_bytes bigint not null,
  object_key text not null,
  primary key (upload_id, offset_bytes),
  foreign key (project_id, organization_id) references projects (id, organization_id),
  foreign key (upload_id, project_id) references uploads (id, project_id) on delete cascade
);

-- Files of models in the object store belong to the installation: projects share what is the same. A row is there
-- while somebody is about to use a file, or while nobody does; its lock puts users and the collector in an order.
create table model_objects (
  sha256 text primary key,
  unreferenced_since timestamptz,
  -- The collector is removing it: who wants the file waits, and puts it there anew.
  deleting_since timestamptz
);
create table model_object_claims (
  sha256 text not null references model_objects (sha256),
  holder uuid not null,
  expires_at timestamptz not null,
  primary key (sha256, holder)
);
create index model_files_by_digest on model_files (sha256);
