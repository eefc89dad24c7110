-- Purpose: the versions of an event that lose to one with a larger content hash. A version that lost once never wins.
-- Parameters: tenant: String. Reads the staged events that are known, and what is known of them.
INSERT INTO superseded (tenant, workflow, event_id, content_hash)
SELECT {tenant:String}, workflow, event_id, content_hash
FROM (
  SELECT
    event_id, max(workflow_name) AS workflow,
    arrayJoin(arrayPopBack(arraySort(groupUniqArray(version_hash)))) AS content_hash
  FROM (
    SELECT event_id, toString(workflow) AS workflow_name, content_hash AS version_hash FROM stage_events
    WHERE event_id IN (SELECT event_id FROM stage_known)
    UNION ALL
    SELECT event_id, '' AS workflow_name, content_hash AS version_hash FROM stage_known
  )
  GROUP BY event_id
  HAVING min(version_hash) != max(version_hash)
)
