-- Purpose: the instances recomputed in a range of versions, once each.
-- Parameters: touched_after (exclusive), touched_upto (inclusive): UInt64, versions.
-- Index: touched by (tenant, version); generic exclusion over the few tenants.
SELECT DISTINCT tenant, workflow, key
FROM touched
WHERE version > {touched_after:UInt64} AND version <= {touched_upto:UInt64}
