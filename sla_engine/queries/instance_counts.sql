-- Purpose: distinct instances by SLA and current verdict, for some SLAs.
-- Parameters: tenant String; slas Array(String). Reads five columns of the tenant's clocks.
SELECT sla, verdict, uniqExact(workflow, key) AS instances
FROM clocks FINAL
WHERE tenant = {tenant:String} AND sla IN {slas:Array(String)}
GROUP BY sla, verdict
