-- Purpose: the feed of changes. Parameters: tenant: String; version: UInt64.
INSERT INTO touched (tenant, version, workflow, key)
SELECT DISTINCT {tenant:String}, {version:UInt64}, workflow, key FROM stage_members
