-- Purpose: the staged events, every version of them; the engine keeps the one of the highest rank.
-- Parameters: tenant: String. Rows are merged in the background, not at the insert: that took four times as long.
INSERT INTO events (
  tenant, workflow, event_id, milestone, place, kind, outcome, is_unique, system, declared_system, signal, name, service,
  source, status, occurred_at, started_at, received_at, trace_id, span_id, parent_span_id, typed_keys, innermost,
  innermost_rank, keeps_time, amount, currency, attributes, flags, definition, content_hash, rank_of_version)
SETTINGS optimize_on_insert = 0
SELECT
  {tenant:String}, workflow, event_id, milestone, place, kind, outcome, is_unique, system, declared_system, signal, name,
  service, source, status, occurred_at, started_at, received_at, trace_id, span_id, parent_span_id, typed_keys, innermost,
  innermost_rank, keeps_time, amount, currency, attributes, flags, definition, content_hash,
  bitShiftLeft(toUInt128(content_hash), 64)
    + toUInt128(9223372036854775807 - toUnixTimestamp64Micro(received_at))
FROM stage_events
