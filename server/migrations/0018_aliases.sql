-- Aliases: weighted targets, fallbacks in order, a scope, deprecation; every move of one; canaries. `model_aliases`
-- keeps the first target, which is all that the release before this one reads and writes.
alter table model_aliases
  add column scope text not null default 'project' check (scope in ('project', 'organization')),
  add column description text not null default '',
  add column deprecated_at timestamptz,
  add column sunset_at timestamptz,
  add column successor text,
  -- Counts the moves; a change that leaves it alone was made by the release before this one.
  add column revision bigint not null default 1,
  -- `config_version.aliases` of the change: what is new is read by it.
  add column changed bigint not null default 0,
  add column created_at timestamptz not null default now();
create unique index model_aliases_of_organization on model_aliases (organization_id, name)
  where scope = 'organization';
create index model_aliases_changed on model_aliases (changed);

-- Without rows here, the alias means what its own row says.
create table alias_targets (
  organization_id uuid not null,
  project_id uuid not null,
  alias text not null,
  role text not null check (role in ('target', 'fallback')),
  place smallint not null,
  model_id uuid not null,
  -- Null: the newest ready version of the model.
  version_id uuid,
  -- Of targets: their shares of the sum.
  weight integer not null default 0 check (weight between 0 and 1000000),
  -- Of fallbacks: the kinds of errors that they serve.
  errors text[] not null default '{}',
  primary key (project_id, alias, role, place),
  foreign key (project_id, organization_id) references projects (id, organization_id),
  foreign key (project_id, alias) references model_aliases (project_id, name) on delete cascade,
  foreign key (model_id, project_id) references models (id, project_id),
  foreign key (version_id, project_id) references model_versions (id, project_id)
);
create index alias_targets_by_model on alias_targets (model_id);
create index alias_targets_by_version on alias_targets (version_id) where version_id is not null;

create table alias_canaries (
  id uuid primary key,
  organization_id uuid not null,
  project_id uuid not null,
  alias text not null,
  state text not null default 'running' check (state in ('running', 'promoted', 'rolled-back', 'stopped')),
  -- Steps and limits, as they were asked for.
  plan jsonb not null,
  -- The two targets: `{stable, candidate}`.
  sides jsonb not null,
  step integer not null default 0,
  step_started_at timestamptz not null default now(),
  -- What was last seen of both sides.
  seen jsonb,
  reason text,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create unique index alias_canaries_running on alias_canaries (project_id, alias) where state = 'running';
create index alias_canaries_by_alias on alias_canaries (project_id, alias, started_at desc);

-- Every move of every alias, also of those that are gone.
create table alias_moves (
  id uuid primary key,
  seq bigint generated always as identity unique,
  organization_id uuid not null,
  project_id uuid not null,
  alias text not null,
  action text not null
    check (action in ('set', 'describe', 'promote', 'rollback', 'remove', 'canary')),
  -- The alias before and after; null where there was none.
  before jsonb,
  after jsonb,
  -- Of a rollback: the first of the moves that it takes back.
  undoes bigint,
  canary_id uuid references alias_canaries (id),
  reason text,
  actor_kind text not null,
  actor_id text not null,
  request_id text,
  changed bigint not null,
  created_at timestamptz not null default now(),
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
create index alias_moves_by_alias on alias_moves (project_id, alias, seq);
create index alias_moves_removed on alias_moves (changed) where action = 'remove';

create function keep_alias_moves() returns trigger language plpgsql as $$
begin
  raise exception 'the history of aliases is append only';
end
$$;
create trigger alias_moves_are_kept before update or delete on alias_moves
  for each row execute function keep_alias_moves();

-- The release before this one moves an alias by its own row alone: then the row says everything.
create function move_alias_by_row() returns trigger
  language plpgsql set search_path from current as $$
begin
  if new.revision = old.revision
    and (new.model_id, new.version_id) is distinct from (old.model_id, old.version_id) then
    delete from alias_targets where project_id = old.project_id and alias = old.name;
    update alias_canaries set state = 'stopped', ended_at = now(), reason = 'the alias was moved'
      where project_id = old.project_id and alias = old.name and state = 'running';
    new.revision := old.revision + 1;
  end if;
  return new;
end
$$;
create trigger model_aliases_by_row before update on model_aliases
  for each row execute function move_alias_by_row();

update api_keys set permissions = permissions || array['aliases.manage', 'aliases.share']
  where 'models.manage' = any (permissions) and not 'aliases.manage' = any (permissions);
