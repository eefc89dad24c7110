-- Purpose: the events of an instance that may have caused some others, in their order: the first with each of `keys`, all of
-- the traces, all that do not tell their keys, all that `cloud_ids` name; and all there are where traces are no keys.
-- Parameters: tenant, workflow, instance: String (typed root key); keys, traces: Array(String), typed keys; cloud_ids:
-- Array(String); limit: UInt32. Index: memberships by (tenant, instance); events by (tenant, workflow, event_id).
SELECT event_id
FROM (
  SELECT event_id, occurred_at, place
  FROM (
    SELECT
      event_id, occurred_at, place, member_key,
      has(flags, 'too_many_links') OR member_key IN {traces:Array(String)}
      OR event_id IN ( -- if named
        SELECT event_id FROM events -- if named
        WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND event_id IN ( -- if named
            SELECT event_id FROM memberships WHERE tenant = {tenant:String} AND instance = {instance:String}) -- if named
          AND attributes['cloudevents.event_id'] IN {cloud_ids:Array(String)}) -- if named
      OR 1 -- if traceless
      AS is_wanted
    FROM (
      SELECT event_id, occurred_at, place, flags, arrayJoin(typed_keys) AS member_key
      FROM memberships FINAL
      PREWHERE tenant = {tenant:String} AND instance = {instance:String}
    )
  )
  WHERE is_wanted OR member_key IN {keys:Array(String)}
  ORDER BY occurred_at, place, event_id
  LIMIT 1 BY if(is_wanted, event_id, member_key)
)
GROUP BY event_id
ORDER BY min(occurred_at), min(place), event_id
LIMIT {limit:UInt32}
