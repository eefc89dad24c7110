-- Purpose: the typed keys that a round outward starts from, as hashes like those of `stored_links`.
-- Parameters: round: UInt8, from 1.
SELECT DISTINCT sipHash64(typed_key) FROM stage_reach WHERE round = {round:UInt8} - 1
