-- Purpose: the known clocks of the staged instances that were not worked out again: what started them was corrected, belongs to
-- another instance now, or no longer passes a filter. Staged as cancelled from their start on.
-- Parameters: tenant, workflow String; slas Array(String), those worked out. Index: clocks by (tenant, workflow, key).
INSERT INTO staged_clocks
WITH gone AS (
  SELECT key, clock FROM staged_known
  WHERE sla IN {slas:Array(String)} AND NOT is_vanished AND clock NOT IN (SELECT clock FROM staged_clocks)
)
SELECT workflow, key, sla, clock, per, definition, started_at, start_event, NULL, started_at, NULL, NULL, '', awaited, '', ['vanished']
FROM clocks FINAL
PREWHERE tenant = {tenant:String} AND workflow = {workflow:String} AND key IN (SELECT key FROM gone)
WHERE clock IN (SELECT clock FROM gone)
