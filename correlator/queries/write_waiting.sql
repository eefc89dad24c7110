-- Purpose: which innermost values lead nowhere yet, and which of those that waited have found their way.
-- Parameters: tenant: String; version: UInt64; workflows: Array(String). Index: waiting by (tenant, workflow, event_id).
INSERT INTO waiting (tenant, workflow, event_id, typed_key, received_at, version, is_deleted)
SELECT {tenant:String}, workflow, event_id, typed_key, received_at, {version:UInt64}, resolved
FROM (
  SELECT workflow, event_id, '' AS typed_key, received_at, is_known, 0 AS resolved
  FROM stage_state WHERE innermost_rank = 255
  UNION ALL
  SELECT
    workflow, event_id, typed_key, received_at, is_known,
    (typed_key, from_us) IN (SELECT origin_key, origin_us FROM stage_walk WHERE is_root)
      OR (typed_key, from_us) IN (SELECT origin_key, origin_us FROM stage_hubs) -- if walked_hubs
      OR typed_key IN (SELECT typed_key FROM hubs FINAL WHERE tenant = {tenant:String} AND is_timeless) -- if hubs
      AS resolved
  FROM (SELECT *, arrayJoin(innermost) AS typed_key FROM stage_state WHERE innermost_rank NOT IN (0, 255))
)
WHERE NOT resolved
  OR (is_known AND event_id IN ( -- if reached
    SELECT event_id FROM waiting -- if reached
    WHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)} -- if reached
      AND event_id IN (SELECT event_id FROM stage_state WHERE is_known))) -- if reached
