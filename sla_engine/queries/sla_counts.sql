-- Purpose: current verdicts by SLA, of clocks and of distinct instances.
-- Parameters: tenant String. Reads four columns of the tenant's clocks.
SELECT sla, verdict, count() AS clocks, uniqExact(workflow, key) AS instances
FROM clocks FINAL
WHERE tenant = {tenant:String}
GROUP BY sla, verdict
ORDER BY sla, verdict
