-- What of the configuration changed, so that replicas read that part alone. Who bumps `version` alone (the release before
-- this one, or a change that is not told apart) changes everything.
alter table config_version
  add column keys bigint not null default 1,
  add column models bigint not null default 1,
  add column aliases bigint not null default 1,
  add column replicas bigint not null default 1;

create function bump_all_sections() returns trigger language plpgsql as $$
begin
  if new.version is distinct from old.version
    and (new.keys, new.models, new.aliases, new.replicas) = (old.keys, old.models, old.aliases, old.replicas) then
    new.keys := old.keys + 1;
    new.models := old.models + 1;
    new.aliases := old.aliases + 1;
    new.replicas := old.replicas + 1;
  end if;
  return new;
end
$$;
create trigger config_version_sections before update on config_version
  for each row execute function bump_all_sections();

-- Where an alias sent a request first, and what went wrong there, when something else answered it.
alter table usage_records
  add column chosen_version_id uuid,
  add column chosen_error text;
