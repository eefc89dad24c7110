-- Purpose: the pauses of an SLA that has none. Parameters: none.
SELECT '' AS key, CAST([], 'Array(Tuple(Int64, Int64, Int64, Int64))') AS pauses WHERE 0
