-- Purpose: the half ids of staged events.
-- Parameters: none.
SELECT DISTINCT id_prefix FROM stage_events
