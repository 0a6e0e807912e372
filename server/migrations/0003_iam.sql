-- API keys: only the SHA-256 of a secret is kept, with a few leading characters to recognise it by.
create table api_keys (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  name text not null,
  prefix text not null,
  secret_sha256 bytea not null unique check (octet_length(secret_sha256) = 32),
  permissions text[] not null,
  requests_per_minute integer check (requests_per_minute > 0),
  tokens_per_minute integer check (tokens_per_minute > 0),
  parallel_requests integer check (parallel_requests > 0),
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null,
  created_by uuid,
  unique (id, project_id),
  foreign key (project_id, organization_id) references projects (id, organization_id),
  foreign key (created_by, project_id) references api_keys (id, project_id)
);
create index api_keys_by_project on api_keys (project_id, id desc);
create index api_keys_valid on api_keys (id) where revoked_at is null;
