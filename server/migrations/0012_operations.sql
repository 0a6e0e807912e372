-- Long-running work, one row each, from acceptance until it is forgotten. What a kind keeps is `json`, not `jsonb`:
-- texts of models may hold characters that `jsonb` refuses.
create table operations (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  kind text not null,
  state text not null check (state in ('created', 'running', 'done', 'failed', 'cancelled', 'expired')),
  description text not null,
  created_by uuid not null,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  -- While unfinished: when it expires; then: when it is forgotten.
  expires_at timestamptz not null,
  cancel_requested boolean not null default false,
  -- Fencing token: who started it latest decides its end.
  attempt integer not null default 0,
  progress json,
  metadata json not null,
  response json,
  failure json,
  idempotency_key text check (length(idempotency_key) between 1 and 255),
  request_sha256 bytea,
  foreign key (project_id, organization_id) references projects (id, organization_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create unique index operations_by_idempotency_key on operations (project_id, idempotency_key)
  where idempotency_key is not null;
create index operations_by_project on operations (project_id, id);
create index operations_by_expiry on operations (expires_at);
