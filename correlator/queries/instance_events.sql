-- Purpose: the events of some instances with all that an SLA may ask of them. `/*keys*/` is replaced by a sub-SELECT of one
-- column `key`.
-- Parameters: events_tenant, events_workflow, events_root: String (name of the root key type).
-- Index: memberships by (tenant, instance); events by (tenant, workflow, event_id).
WITH concat({events_workflow:String}, char(31)) AS events_prefix
SELECT
  e.tenant AS tenant, e.workflow AS workflow, m.key AS key, e.event_id AS event_id, e.milestone AS milestone, e.place AS place,
  e.occurred_at AS occurred_at, e.received_at AS received_at, e.system AS system, e.kind AS kind, e.outcome AS outcome,
  CAST((
    arrayDistinct(arrayMap(k -> splitByChar(char(31), k)[2], e.typed_keys)) AS key_types,
    arrayMap(t -> arrayMap(k -> substring(k, length(events_prefix) + length(t) + 2),
      arrayFilter(k -> startsWith(k, concat(events_prefix, t, char(31))), e.typed_keys)), key_types)
  ), 'Map(LowCardinality(String), Array(String))') AS keys,
  e.attributes AS attributes, m.flags AS flags
FROM (
  SELECT key, event_id, flags FROM memberships FINAL
  PREWHERE tenant = {events_tenant:String}
    AND instance IN (
      SELECT concat({events_workflow:String}, char(31), {events_root:String}, char(31), key) FROM (/*keys*/))
) AS m
INNER JOIN (
  SELECT * FROM events FINAL
  PREWHERE tenant = {events_tenant:String} AND workflow = {events_workflow:String}
    AND event_id IN (
      SELECT event_id FROM memberships
      WHERE tenant = {events_tenant:String}
        AND instance IN (
          SELECT concat({events_workflow:String}, char(31), {events_root:String}, char(31), key) FROM (/*keys*/)))
) AS e ON m.event_id = e.event_id
