-- Purpose: how many of the received rows a rebuild has read. `/*segments*/`: the collector's committed segments.
-- Parameters: tenant, shadow, workflow: String.
WITH latest AS (
  SELECT definition, finished_at FROM rebuilds FINAL
  WHERE tenant = {tenant:String} AND workflow = {workflow:String}
  ORDER BY generation DESC
  LIMIT 1
)
SELECT
  toUInt64(sumIf(s.rows, s.segment_id IN (
    SELECT segment_id FROM stitched_segments
    WHERE tenant = {shadow:String} AND workflow = {workflow:String} AND definition IN (SELECT definition FROM latest)
  ))) AS rows_done,
  toUInt64(sum(s.rows)) AS rows_total,
  (SELECT countIf(finished_at IS NULL) FROM latest) AS is_running
FROM (/*segments*/) AS s
WHERE s.tenant = {tenant:String} AND (SELECT count() FROM latest) > 0
HAVING (SELECT count() FROM latest) > 0
