-- Purpose: how many events are staged, and how many deliveries are stored, of whatever tenant. Neither reads a row.
-- Parameters: none.
SELECT (SELECT count() FROM stage_events) AS staged, (SELECT count() FROM event_copies) AS stored
