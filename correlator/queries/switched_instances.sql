-- Purpose: the instances that nothing but the switch of a rebuild has touched in a range of versions.
-- Parameters: switched_tenant: String; switched_after (exclusive), switched_upto (inclusive): UInt64, versions.
-- Index: touched and correlator_ticks by (tenant, version).
SELECT workflow, key
FROM touched
WHERE tenant = {switched_tenant:String} AND version > {switched_after:UInt64} AND version <= {switched_upto:UInt64}
GROUP BY workflow, key
HAVING min(version IN (
  SELECT version FROM correlator_ticks
  WHERE tenant = {switched_tenant:String} AND version > {switched_after:UInt64} AND version <= {switched_upto:UInt64}
    AND segments = 0))
