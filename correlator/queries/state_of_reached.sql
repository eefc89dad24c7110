-- Purpose: what decides about the stored events that a link of this tick can reach, in the version that counts. Those that
-- are staged once more are read by `state_of_reread`.
-- Parameters: tenant: String; no_time: Int64. maybe_waited_for: Array(UInt64), hashes of typed keys. Index: event_keys by (tenant, typed_key).
INSERT INTO stage_state
SELECT
  event_id, workflow, occurred_at, received_at, milestone, place, outcome, is_unique, system, amount, currency, typed_keys,
  innermost, innermost_rank, if(keeps_time, toUnixTimestamp64Micro(occurred_at), {no_time:Int64}) AS from_us,
  if(event_id IN (SELECT event_id FROM superseded WHERE tenant = {tenant:String}), -- if superseded
    arraySort(arrayConcat(flags, ['conflicting_duplicate'])), -- if superseded
    flags
  ) -- if superseded
  , definition, 1
FROM event_keys
PREWHERE tenant = {tenant:String}
  AND typed_key IN (
    SELECT typed_key FROM stage_reach
    WHERE sipHash64(typed_key) IN {maybe_waited_for:Array(UInt64)} -- if maybe_waited_for
  )
WHERE event_id NOT IN (SELECT event_id FROM stage_events)
  AND (event_id, content_hash) NOT IN (SELECT event_id, content_hash FROM superseded WHERE tenant = {tenant:String}) -- if superseded
  AND event_id NOT IN (SELECT event_id FROM corrections WHERE tenant = {tenant:String} AND kind = 'voided') -- if corrections
ORDER BY rank_of_version DESC
LIMIT 1 BY event_id
