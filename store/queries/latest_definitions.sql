-- Purpose: the hash of each definition of a tenant as it was recorded last.
-- Parameters: tenant String. Reads by the primary key (tenant); one row per kind and name.
SELECT kind, name, argMax(hash, effective_at) AS hash
FROM definitions
WHERE tenant = {tenant:String} AND kind != 'catalog'
GROUP BY kind, name
