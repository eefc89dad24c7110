-- What was delivered is found by half of its id (`event_copies.id_prefix`): of staged events the same, said once.
ALTER TABLE stage_events
  ADD COLUMN IF NOT EXISTS id_prefix UInt64 ALIAS reinterpretAsUInt64(reverse(unhex(substring(event_id, 1, 16))));
