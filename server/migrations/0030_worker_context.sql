-- The context that a worker was started with, which may be shorter than the longest one of its model. Null: started by
-- a release that did not write it down.
alter table model_workers add column context_tokens integer;
