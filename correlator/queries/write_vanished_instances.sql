-- Purpose: instances whose last event has gone, because a losing version of it had named them. Rare.
-- Parameters: tenant: String; version: UInt64. Index: memberships by (tenant, instance).
INSERT INTO instances (tenant, workflow, key, version, is_deleted)
SELECT DISTINCT {tenant:String}, workflow, key, {version:UInt64}, 1
FROM stage_members
WHERE is_deleted AND instance NOT IN (
  SELECT instance FROM memberships FINAL
  PREWHERE tenant = {tenant:String} AND instance IN (SELECT instance FROM stage_members WHERE is_deleted))
