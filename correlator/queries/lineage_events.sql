-- Purpose: what lineage asks of some events of a workflow, in the version that counts.
-- Parameters: tenant, workflow: String; event_ids: Array(String). Index: events by (tenant, workflow, event_id).
SELECT
  event_id, occurred_at, place, signal, trace_id, span_id, parent_span_id, typed_keys, innermost,
  attributes['cloudevents.event_source'] AS cloud_source, attributes['cloudevents.event_id'] AS cloud_id,
  attributes['causationid'] AS caused_by
FROM events
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND event_id IN {event_ids:Array(String)}
ORDER BY rank_of_version DESC
LIMIT 1 BY event_id
