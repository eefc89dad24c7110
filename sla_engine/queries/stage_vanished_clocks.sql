-- Purpose: the clocks of the staged instances that were not worked out again: what started them was corrected, belongs to another
-- instance now, or no longer passes a filter. Staged as cancelled from their start on.
-- Parameters: tenant, workflow String; slas Array(String), those worked out; stage_shares, stage_share UInt32, the number of
--   shares and which one (from 0). Index: clocks by (tenant, workflow, key).
INSERT INTO staged_clocks
SELECT workflow, key, sla, clock, per, definition, started_at, start_event, NULL, started_at, NULL, NULL, '', awaited, '', ['vanished']
FROM clocks FINAL
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND sla IN {slas:Array(String)}
  AND key IN (
    SELECT key FROM staged_instances
    WHERE workflow = {workflow:String} AND cityHash64(key) % {stage_shares:UInt32} = {stage_share:UInt32})
  AND clock NOT IN (SELECT clock FROM staged_clocks)
  AND NOT (verdict = 'cancelled' AND has(flags, 'vanished'))
