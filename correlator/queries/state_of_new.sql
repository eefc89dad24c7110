-- Purpose: what decides about each event that is new and not voided.
-- Parameters: tenant: String; no_time: Int64.
INSERT INTO stage_state
SELECT
  event_id, workflow, occurred_at, received_at, milestone, place, outcome, is_unique, system, amount, currency, typed_keys,
  innermost, innermost_rank, if(keeps_time, toUnixTimestamp64Micro(occurred_at), {no_time:Int64}) AS from_us, flags, definition, 0
FROM stage_events
WHERE event_id NOT IN (SELECT event_id FROM stage_known)
  AND event_id NOT IN (SELECT event_id FROM corrections WHERE tenant = {tenant:String} AND kind = 'voided') -- if corrections
