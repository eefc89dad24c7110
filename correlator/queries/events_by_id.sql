-- Purpose: what is told of some events, in the version that counts. Without FINAL, which reads all columns of whole
-- granules: a third of the time. Parameters: tenant: String; workflows, event_ids: Array(String). Index: events by (tenant, workflow, event_id).
SELECT
  event_id, occurred_at, started_at, received_at, milestone, place, kind, system, outcome, source, trace_id, span_id,
  typed_keys, innermost, keeps_time, attributes
FROM events
WHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)} AND event_id IN {event_ids:Array(String)}
ORDER BY rank_of_version DESC
LIMIT 1 BY workflow, event_id
