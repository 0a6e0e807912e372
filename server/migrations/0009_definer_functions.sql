-- Functions that run with the rights of the migration role look into our schema first and at temporary tables last: a
-- table (with its triggers) that the running role makes up in its session must not stand in for ours. And nobody but
-- the role that `prepare` grants them to may call them.
do $$
declare
  definer regprocedure;
begin
  foreach definer in array array['ensure_usage_partition(date)'::regprocedure, 'drop_usage_before(date)'::regprocedure]
  loop
    execute format('alter function %s set search_path = %I, pg_temp', definer, current_schema());
    execute format('revoke execute on function %s from public', definer);
  end loop;
end
$$;
