-- Purpose: the first time each of some instances reached each milestone, and which system reported it. The
-- marked place takes the correlator's `instance_events`. The same rule as the correlator's reader has for one instance.
-- Parameters: those of `instance_events`.
-- Index: as `instance_events`.
SELECT key, milestone, min(occurred_at) AS reached_at, argMin(system, (occurred_at, event_id)) AS reported_by
FROM (/*events*/)
GROUP BY key, milestone
