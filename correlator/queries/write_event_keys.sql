-- Purpose: where a later link finds the staged events, and all it has to know of them: by their innermost values, unless
-- these are roots. Parameters: tenant: String.
INSERT INTO event_keys (
  tenant, typed_key, event_id, content_hash, workflow, occurred_at, received_at, milestone, place, outcome, is_unique, system,
  amount, currency, typed_keys, innermost, innermost_rank, keeps_time, flags, definition, rank_of_version)
SETTINGS optimize_on_insert = 0
SELECT
  {tenant:String}, arrayJoin(innermost), event_id, content_hash, workflow, occurred_at, received_at, milestone, place, outcome,
  is_unique, system, amount, currency, typed_keys, innermost, innermost_rank, keeps_time, flags, definition,
  bitShiftLeft(toUInt128(content_hash), 64)
    + toUInt128(9223372036854775807 - toUnixTimestamp64Micro(received_at))
FROM stage_events
WHERE innermost_rank NOT IN (0, 255)
