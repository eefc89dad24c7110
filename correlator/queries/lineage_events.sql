-- Purpose: the events of an instance, in their order, with what lineage asks of them.
-- Parameters: tenant, workflow, instance: String (typed root key); limit: UInt32.
-- Index: memberships by (tenant, instance); events by (tenant, workflow, event_id).
SELECT
  event_id, started_at, occurred_at, signal, trace_id, span_id, parent_span_id, typed_keys, innermost,
  attributes['cloudevents.event_source'] AS cloud_source, attributes['cloudevents.event_id'] AS cloud_id,
  attributes['causationid'] AS caused_by
FROM events FINAL
PREWHERE tenant = {tenant:String} AND workflow = {workflow:String} AND event_id IN (
  SELECT event_id FROM memberships FINAL PREWHERE tenant = {tenant:String} AND instance = {instance:String})
ORDER BY occurred_at, place, event_id
LIMIT {limit:UInt32}
