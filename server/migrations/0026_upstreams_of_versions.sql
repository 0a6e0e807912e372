-- What the engines called the model when a version of it was published: a name that is mapped to another model later
-- makes another version, and whoever is held to the earlier one does not get the other's answers. Null: any.
alter table remote_versions add column upstream_names text[];
