-- Purpose: a page of an instance's events, in their order.
-- Parameters: tenant, workflow, instance: String (typed root key); after_us: Int64, after_place: UInt16, after_id: String,
-- the position before the page; limit: UInt32.
-- Index: memberships by (tenant, instance); events by (tenant, workflow, event_id).
SELECT e.*, m.member_flags AS member_flags
FROM (
  SELECT event_id AS member_id, flags AS member_flags FROM memberships FINAL
  WHERE tenant = {tenant:String} AND instance = {instance:String}
    AND (toUnixTimestamp64Micro(occurred_at), place, event_id) > ({after_us:Int64}, {after_place:UInt16}, {after_id:String})
  ORDER BY occurred_at, place, event_id
  LIMIT {limit:UInt32}
) AS m
INNER JOIN (
  SELECT * FROM events FINAL
  WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND event_id IN (
    SELECT event_id FROM memberships WHERE tenant = {tenant:String} AND instance = {instance:String})
) AS e ON m.member_id = e.event_id
ORDER BY e.occurred_at, e.place, e.event_id
