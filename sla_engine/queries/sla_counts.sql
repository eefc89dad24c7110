-- Purpose: current verdicts by SLA. Parameters: tenant String. Index: the whole hours of verdict_counts.
SELECT sla, verdict, toUInt64(sum(clocks)) AS n FROM verdict_counts
WHERE tenant = {tenant:String} AND is_hour = 1
GROUP BY sla, verdict
HAVING sum(clocks) > 0
ORDER BY sla, verdict
