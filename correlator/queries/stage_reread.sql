-- Purpose: the stored events to be judged again by what is stored of them: those staged once more and, where something is
-- lost in this tick, all that a link of it can reach.
-- Parameters: tenant: String; is_lossy: UInt8. Index: event_keys by (tenant, typed_key).
INSERT INTO stage_reread (event_id)
SELECT DISTINCT event_id FROM (
  SELECT event_id FROM stage_known
  UNION ALL
  SELECT event_id FROM stage_corrections WHERE kind = 'voided'
  UNION ALL
  SELECT event_id FROM event_keys
  WHERE {is_lossy:UInt8} AND tenant = {tenant:String} AND typed_key IN (SELECT typed_key FROM stage_reach)
)
