-- Purpose: workflows have been derived again: every instance of them may have changed.
-- Parameters: tenant: String; workflows: Array(String); version: UInt64.
INSERT INTO touched (tenant, version, workflow, key)
SELECT tenant, {version:UInt64}, workflow, key FROM instances FINAL
WHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)}
