-- Purpose: a page of an instance's events, in their order: which they are and when, their flags and keys there.
-- Parameters: tenant, instance: String (typed root key); after_us: Int64, after_place: UInt16, after_id: String, the position
-- before the page; limit: UInt32. Index: memberships by (tenant, instance).
SELECT event_id, occurred_at, flags AS member_flags, typed_keys AS member_keys
FROM memberships FINAL
PREWHERE tenant = {tenant:String} AND instance = {instance:String}
WHERE (toUnixTimestamp64Micro(occurred_at), place, event_id) > ({after_us:Int64}, {after_place:UInt16}, {after_id:String})
ORDER BY occurred_at, place, event_id
LIMIT {limit:UInt32}
