-- A request that is tried again after a pause keeps its place: `run_at` stays when it was accepted, by the database's
-- clock, and this tells from when it may be tried again; null: at once.
alter table inference_queue add column not_before timestamptz;
drop index inference_queue_waiting;
create index inference_queue_waiting on inference_queue (project_id, model, priority desc, run_at, id)
  include (not_before) where owner is null;
