-- Purpose: how long the latest instances of a workflow rested at each milestone until their next event.
-- Parameters: tenant, workflow, root: String (name of the root key type); sample: UInt32, instances.
-- Index: memberships by (tenant, instance).
SELECT milestone, count() AS waits, quantileExact(0.99)(wait_us) AS longest_us
FROM (
  SELECT arrayJoin(arrayZip(arrayPopBack(ordered), arrayPopFront(ordered))) AS pair,
    pair.1.3 AS milestone, pair.2.1 - pair.1.1 AS wait_us
  FROM (
    SELECT arraySort(groupArray((toUnixTimestamp64Micro(occurred_at), place, toString(milestone)))) AS ordered
    FROM memberships FINAL
    PREWHERE tenant = {tenant:String} AND instance IN (
      SELECT concat({workflow:String}, char(31), {root:String}, char(31), key) FROM instances FINAL
      WHERE tenant = {tenant:String} AND workflow = {workflow:String}
      ORDER BY last_event_at DESC
      LIMIT {sample:UInt32})
    WHERE NOT has(flags, 'future_dated')
    GROUP BY instance
    HAVING length(ordered) > 1
  )
)
GROUP BY milestone
