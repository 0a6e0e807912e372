-- One row per metered request, in partitions of a day (UTC). Rows of a day without a partition land in the default one
-- and are moved when the day's partition is made. The primary key makes replaying a spooled record harmless.
create table usage_records (
  id uuid not null,
  started_at timestamptz not null,
  request_id text not null,
  organization_id uuid not null,
  project_id uuid not null,
  key_id uuid not null,
  requested_model text not null,
  model_name text,
  version_id uuid,
  endpoint text not null,
  input_tokens bigint not null,
  cached_input_tokens bigint not null,
  output_tokens bigint not null,
  reasoning_tokens bigint not null,
  estimated boolean not null,
  time_to_first_token_ms double precision,
  duration_ms double precision not null,
  status integer not null,
  error_code text,
  primary key (started_at, id),
  foreign key (project_id, organization_id) references projects (id, organization_id)
) partition by range (started_at);
create index usage_records_by_project on usage_records (project_id, started_at);
create index usage_records_by_key on usage_records (key_id, started_at);
create table usage_records_default partition of usage_records default;

-- Partitions are made and dropped by these functions with the rights of the migration role, so that the running role
-- needs no right to change the schema.
create function ensure_usage_partition(day date) returns boolean
  language plpgsql security definer set search_path from current as $$
declare
  partition text := 'usage_records_' || to_char(day, 'YYYYMMDD');
  starts timestamptz := day::timestamp at time zone 'UTC';
  ends timestamptz := (day + 1)::timestamp at time zone 'UTC';
begin
  if to_regclass(quote_ident(partition)) is not null then return false; end if;
  lock table usage_records_default in access exclusive mode;
  if to_regclass(quote_ident(partition)) is not null then return false; end if;
  execute format('create table %I (like usage_records including defaults including constraints)', partition);
  execute format(
    'with moved as (delete from usage_records_default where started_at >= %L and started_at < %L returning *)
     insert into %I select * from moved', starts, ends, partition);
  execute format('alter table usage_records attach partition %I for values from (%L) to (%L)', partition, starts, ends);
  return true;
end
$$;

create function drop_usage_before(day date) returns integer
  language plpgsql security definer set search_path from current as $$
declare
  partition text;
  dropped integer := 0;
begin
  for partition in
    select child.relname from pg_inherits
      join pg_class child on child.oid = pg_inherits.inhrelid
      where pg_inherits.inhparent = 'usage_records'::regclass
        and child.relname ~ '^usage_records_[0-9]{8}$'
        and to_date(right(child.relname, 8), 'YYYYMMDD') < day
  loop
    execute format('drop table %I', partition);
    dropped := dropped + 1;
  end loop;
  delete from usage_records_default where started_at < day::timestamp at time zone 'UTC';
  return dropped;
end
$$;
