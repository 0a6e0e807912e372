-- What was measured of a version on some hardware: the facts stand beside what they depend on.
create table version_measurements (
  organization_id uuid not null,
  project_id uuid not null,
  version_id uuid not null,
  -- Processor, cores, and what the engine computes on.
  hardware text not null,
  engine text not null,
  -- Context, sequences, threads and the like, as the worker was started.
  options jsonb not null,
  loads integer not null default 0,
  -- Of the last load, from the start of the process to the first answer.
  load_ms integer,
  -- The most that a worker had resident.
  resident_bytes bigint,
  measured_at timestamptz not null default now(),
  primary key (version_id, hardware, engine, options),
  foreign key (project_id, organization_id) references projects (id, organization_id)
);
