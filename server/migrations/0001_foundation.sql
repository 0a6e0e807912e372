-- The tenants, and the one row that tells replicas that the policy they hold in memory has changed.
create table organizations (
  id uuid primary key,
  name text not null,
  created_at timestamptz not null default now()
);

create table projects (
  id uuid primary key,
  organization_id uuid not null references organizations (id),
  name text not null,
  created_at timestamptz not null default now(),
  unique (organization_id, name),
  unique (id, organization_id)
);

create table config_version (
  only_row boolean primary key default true check (only_row),
  version bigint not null default 1
);
insert into config_version default values;

insert into organizations (id, name) values ('00000000-0000-7000-8000-000000000001', 'default');
insert into projects (id, organization_id, name)
  values ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'default');
