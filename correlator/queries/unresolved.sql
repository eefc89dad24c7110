-- Purpose: a page of the events that wait, with what each waits for.
-- Parameters: tenant: String; workflows: Array(String), those of the catalog; after_workflow, after_id: String, the position
-- before the page; limit: UInt32. Index: waiting and events by (tenant, workflow, event_id).
SELECT
  e.* REPLACE (
    if(e.event_id IN (SELECT event_id FROM superseded WHERE tenant = {tenant:String}),
      arraySort(arrayConcat(e.flags, ['conflicting_duplicate'])), e.flags) AS flags),
  w.waiting_for AS waiting_for
FROM (
  SELECT workflow AS waiting_workflow, event_id AS waiting_id, arraySort(groupUniqArray(typed_key)) AS waiting_for
  FROM waiting FINAL
  WHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)}
    AND (workflow, event_id) > ({after_workflow:String}, {after_id:String})
  GROUP BY workflow, event_id
  ORDER BY workflow, event_id
  LIMIT {limit:UInt32}
) AS w
INNER JOIN (
  SELECT * FROM events FINAL
  PREWHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)} AND event_id IN (
    SELECT event_id FROM waiting FINAL
    WHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)}
      AND (workflow, event_id) > ({after_workflow:String}, {after_id:String})
    ORDER BY workflow, event_id
    LIMIT {limit:UInt32} * 1000)
) AS e ON w.waiting_id = e.event_id
ORDER BY w.waiting_workflow, w.waiting_id
