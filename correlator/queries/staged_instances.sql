-- Purpose: the instances of this tick, as hashes like those of `stored_instances`.
-- Parameters: none.
SELECT DISTINCT sipHash64(workflow, key) FROM stage_members
