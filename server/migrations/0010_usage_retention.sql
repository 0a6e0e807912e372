-- Two workers may drop the same days at once: the one that comes second finds them gone, which is no fault.
-- `create or replace` keeps who may call it, but neither the rights it runs with nor its search path: see 0009.
create or replace function drop_usage_before(day date) returns integer
  language plpgsql security definer as $$
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
      order by child.relname
  loop
    execute format('drop table if exists %I', partition);
    dropped := dropped + 1;
  end loop;
  delete from usage_records_default where started_at < day::timestamp at time zone 'UTC';
  return dropped;
end
$$;
do $$
begin
  execute format('alter function drop_usage_before(date) set search_path = %I, pg_temp', current_schema());
end
$$;
