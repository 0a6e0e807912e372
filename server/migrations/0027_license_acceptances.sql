-- Which terms a project has accepted for which of its models, who did, and when: what is declared again is not asked
-- for again. It outlives the versions, as the decision does.
create table license_acceptances (
  organization_id uuid not null,
  project_id uuid not null,
  model_name text not null,
  license_id text not null,
  license_url text,
  actor json not null,
  accepted_at timestamptz not null,
  primary key (project_id, model_name, license_id),
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
alter table model_imports
  -- Why the latest attempt failed, and whether there is another one by itself.
  add column failure json,
  -- Terms that were accepted when the version was declared, whatever they turn out to be.
  add column acceptance json;
-- The source as it was asked for, where it carries a secret: sealed, and forgotten when the import has ended.
alter table import_requests add column sealed_source bytea;
