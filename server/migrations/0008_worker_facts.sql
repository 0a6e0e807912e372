-- Why a worker failed, for those who only call models: `last_error` may hold what the process wrote, with paths of
-- its machine. And the processor that the engine computes on.
alter table model_workers add column public_error text;
alter table model_workers add column processor text;
