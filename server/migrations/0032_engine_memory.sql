-- What a worker of each engine takes beside its model: `{"onnx": {"processBytes": …, "vocabularyTokenBytes": …}}`. Empty:
-- announced by a release that did not tell.
alter table engine_hosts add column engine_memory jsonb not null default '{}';
