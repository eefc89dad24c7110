-- Purpose: a definition has changed: every instance of the workflow has. Parameters: tenant, workflow: String; version: UInt64.
INSERT INTO touched (tenant, version, workflow, key)
SELECT tenant, {version:UInt64}, workflow, key FROM instances FINAL
WHERE tenant = {tenant:String} AND workflow = {workflow:String}
