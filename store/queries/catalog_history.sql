-- Purpose: all catalogs applied for a tenant, oldest first.
-- Parameters: tenant String. Reads by the primary key (tenant, kind).
SELECT hash, body, actor, effective_at
FROM definitions
WHERE tenant = {tenant:String} AND kind = 'catalog'
ORDER BY effective_at
