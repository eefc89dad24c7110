-- Purpose: the half ids of staged events.
-- Parameters: none.
SELECT DISTINCT reinterpretAsUInt64(reverse(unhex(substring(event_id, 1, 16)))) FROM stage_events
