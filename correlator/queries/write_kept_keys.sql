-- Purpose: by which values the instances are found of which rows were copied that received data no longer covers. Run in the
-- database beside. Parameters: tenant, workflow: String.
INSERT INTO instance_keys (tenant, value, workflow, key_type, key)
SELECT
  tenant, substring(typed_key, position(typed_key, char(31), position(typed_key, char(31)) + 1) + 1), workflow,
  splitByChar(char(31), typed_key)[2], key
FROM (
  SELECT tenant, workflow, key, arrayJoin(typed_keys) AS typed_key FROM memberships
  WHERE tenant = {tenant:String} AND workflow = {workflow:String})
