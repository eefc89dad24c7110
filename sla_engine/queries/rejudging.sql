-- Purpose: one time an SLA's past was judged again. Parameters: tenant, sla, rejudging String.
-- Index: rejudgings by (tenant, sla).
SELECT rejudging, sla, rejudged_at, actor, as_of, from_at, to_at, definition, clocks FROM rejudgings
WHERE tenant = {tenant:String} AND sla = {sla:String} AND rejudging = {rejudging:String}
LIMIT 1
