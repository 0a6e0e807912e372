-- Who did what to what. Append only: a change or a deletion of single records is refused by the database itself.
create table audit_records (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  recorded_at timestamptz not null default now(),
  actor_kind text not null check (actor_kind in ('api-key', 'system')),
  actor_id text not null,
  action text not null,
  target_kind text not null,
  target_id text not null,
  request_id text,
  detail jsonb not null default '{}',
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index audit_records_by_time on audit_records (project_id, recorded_at desc);
create index audit_records_by_target on audit_records (project_id, target_kind, target_id);

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit records are append only';
end
$$;
create trigger audit_records_append_only before update or delete on audit_records
  for each row execute function refuse_audit_change();
