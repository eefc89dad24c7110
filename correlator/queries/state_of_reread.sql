-- Purpose: the same for stored events, in the version that counts.
-- Parameters: tenant: String; no_time: Int64; workflows: Array(String). Index: events by (tenant, workflow, event_id).
INSERT INTO stage_state
SELECT
  event_id, workflow, occurred_at, received_at, milestone, place, outcome, is_unique, system, amount, currency, typed_keys,
  innermost, innermost_rank, if(keeps_time, toUnixTimestamp64Micro(occurred_at), {no_time:Int64}) AS from_us,
  if(event_id IN (SELECT event_id FROM superseded WHERE tenant = {tenant:String}),
    arraySort(arrayConcat(flags, ['conflicting_duplicate'])), flags), definition, 1
FROM events FINAL
PREWHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)}
  AND event_id IN (SELECT event_id FROM stage_reread)
WHERE event_id NOT IN (SELECT event_id FROM corrections WHERE tenant = {tenant:String} AND kind = 'voided')
