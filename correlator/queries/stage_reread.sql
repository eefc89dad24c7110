-- Purpose: the stored events to be judged again: those staged once more and those a link of this tick can reach.
-- Parameters: tenant: String. Index: event_keys by (tenant, typed_key); holds no event that is new in this tick.
INSERT INTO stage_reread (event_id)
SELECT DISTINCT event_id FROM (
  SELECT event_id FROM stage_known
  UNION ALL
  SELECT event_id FROM stage_corrections WHERE kind = 'voided'
  UNION ALL
  SELECT event_id FROM event_keys
  WHERE tenant = {tenant:String} AND typed_key IN (SELECT typed_key FROM stage_reach)
)
