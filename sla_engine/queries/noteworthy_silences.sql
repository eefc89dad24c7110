-- Purpose: of a feed's clocks those that came close to their end, or are known already: a feed that speaks in time has none.
-- `facts` is replaced by the SELECT of the clocks. Parameters: tenant, workflow, feed_name String; sla Array(String), one; as_of DateTime64(6) UTC.
-- Index: clocks by (tenant, workflow, key, sla).
SELECT * REPLACE (if(cancelled_at IS NULL, flags, ['vanished']) AS flags) FROM (/*facts*/)
WHERE cancelled_at IS NULL AND ifNull(coalesce(satisfied_at, {as_of:DateTime64(6)}) > deadline_at, 0)
  OR cancelled_at IS NULL AND ifNull(coalesce(satisfied_at, {as_of:DateTime64(6)}) >= risk_at, 0)
  OR clock IN (
    SELECT clock FROM clocks
    WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND key = {feed_name:String} AND sla = {sla:Array(String)}[1])
