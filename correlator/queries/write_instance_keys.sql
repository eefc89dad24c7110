-- Purpose: by which values the instances of this tick are found.
-- Parameters: tenant: String.
INSERT INTO instance_keys (tenant, value, workflow, key_type, key)
SETTINGS optimize_on_insert = 0
SELECT
  {tenant:String}, substring(typed_key, position(typed_key, char(31), position(typed_key, char(31)) + 1) + 1), workflow,
  splitByChar(char(31), typed_key)[2], key
FROM (SELECT DISTINCT workflow, key, arrayJoin(typed_keys) AS typed_key FROM stage_members WHERE NOT is_deleted)
