-- Adapters that a worker could not load, by their versions, each with its reasons: their base answers without them.
alter table model_workers add column failed_adapters jsonb not null default '{}'::jsonb;
