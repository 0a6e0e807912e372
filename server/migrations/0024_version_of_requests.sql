-- The version that answers a request is fixed when it is accepted, so that an alias moved later changes nothing of what
-- was accepted. The nil id: accepted by a release that did not fix it; its name decides when it runs.
alter table inference_queue add column version_id uuid not null default '00000000-0000-0000-0000-000000000000';
drop index inference_queue_waiting;
create index inference_queue_waiting on inference_queue
  (project_id, model, version_id, priority desc, run_at, id) include (not_before) where owner is null;
