-- Purpose: the clocks with the pauses of their instance. `pauses` is replaced by a SELECT of key, n and pauses. Parameters: none.
SELECT a.*, p.pauses AS pauses
FROM ended AS a
LEFT JOIN (/*pauses*/) AS p ON a.key = p.key AND a.n = p.n
