-- Purpose: the pauses of each instance and SLA, disjoint and in order: the first pause after a resume opens one, the first resume
-- after that closes it. A pause is (from, own time at from, to, own time at to) in microseconds; the largest Int64 stands
-- for a pause still open. `turns` is replaced by a SELECT of key, n, event_id, place, at, is_pause, own_us.
-- Parameters: none.
WITH toInt64(9223372036854775807) AS open
SELECT key, n,
  arrayMap(i -> (turns[i].1, turns[i].5, if(i < length(turns), turns[i + 1].1, open), if(i < length(turns), turns[i + 1].5, open)),
    range(1, length(turns) + 1, 2)) AS pauses
FROM (
  SELECT key, n, arrayFilter((turn, before) -> turn.4 != before, seen, arrayPopBack(arrayPushFront(seen.4, 0))) AS turns
  FROM (
    SELECT key, n, arraySort(groupArray((toUnixTimestamp64Micro(at), place, event_id, is_pause, own_us))) AS seen
    FROM (/*turns*/)
    GROUP BY key, n
  )
)
