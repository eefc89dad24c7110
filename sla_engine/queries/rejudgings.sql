-- Purpose: each time an SLA's past was judged again, newest first. Parameters: tenant, sla String; where the page before ended:
-- before_us Int64, after String; limit UInt32. Index: rejudgings by (tenant, sla).
SELECT rejudging, sla, rejudged_at, actor, as_of, from_at, to_at, definition, clocks FROM rejudgings
WHERE tenant = {tenant:String} AND sla = {sla:String}
  AND (
    toUnixTimestamp64Micro(rejudged_at) < {before_us:Int64}
    OR (toUnixTimestamp64Micro(rejudged_at) = {before_us:Int64} AND rejudging > {after:String})
  )
ORDER BY rejudged_at DESC, rejudging
LIMIT {limit:UInt32}
