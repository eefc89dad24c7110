-- Purpose: the workflows whose rebuild was switched in a range of versions, and when that rebuild had begun. Only a switch ends a tick
-- without segments.
-- Parameters: tenant: String; after (exclusive), upto (inclusive): UInt64, versions.
-- Index: correlator_ticks by (tenant, version); mostly there is none. `rebuilds` is tiny.
WITH switched AS (
  SELECT version, at FROM correlator_ticks
  WHERE tenant = {tenant:String} AND version > {after:UInt64} AND version <= {upto:UInt64} AND segments = 0
)
SELECT workflow, max(begun_at) AS begun_at
FROM rebuilds AS r
WHERE tenant = {tenant:String} AND r.begun_at <= (SELECT max(at) FROM switched)
  AND workflow IN (
    SELECT workflow FROM touched WHERE tenant = {tenant:String} AND version IN (SELECT version FROM switched))
GROUP BY workflow
