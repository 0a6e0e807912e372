-- What was found out about a version goes with it, whoever deletes it: the release before this one removes some of it
-- itself, and left the rest behind where it was written at that moment.
delete from version_measurements m
  where not exists (select from model_versions v where v.id = m.version_id and v.project_id = m.project_id);
delete from model_checks c
  where not exists (select from model_versions v where v.id = c.version_id and v.project_id = c.project_id);
alter table version_measurements
  add foreign key (version_id, project_id) references model_versions (id, project_id) on delete cascade;
alter table model_checks
  add foreign key (version_id, project_id) references model_versions (id, project_id) on delete cascade;
