-- Purpose: the typed keys that links of this tick reach, as hashes like those of `stored_event_keys`.
-- Parameters: none.
SELECT DISTINCT sipHash64(typed_key) FROM stage_reach
