-- Purpose: the values of one key type that events carry or reach. `/*walks*/` is a UNION ALL of what each hop reached.
-- Parameters: reached_prefix: String, workflow and key type of a typed key with its separators.
SELECT DISTINCT event_id, substring(typed_key, length({reached_prefix:String}) + 1) AS value
FROM (/*walks*/)
WHERE startsWith(typed_key, {reached_prefix:String})
