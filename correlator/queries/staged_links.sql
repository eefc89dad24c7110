-- Purpose: the typed keys that the staged events link, as hashes like those of `stored_links`.
-- Parameters: none.
SELECT DISTINCT sipHash64(arrayJoin(ranked_keys).typed_key)
FROM stage_events
WHERE length(ranked_keys) > length(innermost) AND NOT has(flags, 'too_many_links')
