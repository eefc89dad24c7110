-- Purpose: the instances of a changed definition, to be written again from the memberships that remain.
-- Parameters: tenant, workflow: String; version: UInt64.
INSERT INTO instances (tenant, workflow, key, version, is_deleted)
SELECT tenant, workflow, key, {version:UInt64} - 1, 1 FROM instances FINAL
WHERE tenant = {tenant:String} AND workflow = {workflow:String}
