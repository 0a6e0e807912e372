-- The first answer to each Idempotency-Key, sealed: an answer can carry a secret. A row without an answer is being
-- worked on under a lease; its token fences out a worker that lost the lease.
create table idempotency_records (
  organization_id uuid not null,
  project_id uuid not null,
  idempotency_key text not null check (length(idempotency_key) between 1 and 255),
  route_id text not null,
  request_sha256 bytea not null,
  lease_token uuid not null,
  lease_expires_at timestamptz not null,
  sealed_answer bytea,
  expires_at timestamptz not null,
  primary key (project_id, idempotency_key),
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index idempotency_records_by_expiry on idempotency_records (expires_at);
