-- Purpose: the events that are left in minutes of feeds. `events` is replaced by the correlator's SELECT of instance events, `minutes`
-- by that of the minutes. Parameters: those of the two.
SELECT milestone, event_id, occurred_at FROM (/*events*/) WHERE (milestone, toStartOfMinute(occurred_at)) IN (/*minutes*/)
