-- How often a process was lost that had a request: a request that loses too many may itself be what ends them. Attempts
-- that were given back with a reason count for nothing here, so `attempt` cannot tell.
alter table inference_queue add column losses smallint not null default 0;
