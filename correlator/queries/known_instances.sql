-- Purpose: every instance there is, for a promise that judges all history.
-- Parameters: known_tenant: String. Index: the tenant's rows of instances.
SELECT tenant, workflow, key
FROM instances FINAL
WHERE tenant = {known_tenant:String}
