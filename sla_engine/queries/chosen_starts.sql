-- Purpose: the starts whose event passes the filters of its SLA. `conditions` is replaced by them, over `s.n` and `e`.
-- Parameters: those of the conditions.
SELECT s.key AS key, s.per AS per, s.n AS n, s.started_at AS started_at, s.start_event AS start_event, s.promise AS promise
FROM asked AS s
INNER JOIN staged_events AS e ON s.key = e.key AND s.start_event = e.event_id
WHERE /*conditions*/
