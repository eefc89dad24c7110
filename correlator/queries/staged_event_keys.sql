-- Purpose: by which typed keys the staged events are stored, as hashes like those of `stored_event_keys`.
-- Parameters: none.
SELECT DISTINCT sipHash64(arrayJoin(innermost)) FROM stage_events WHERE innermost_rank NOT IN (0, 255)
