-- Purpose: what judging the past again came to: how many clocks went from which verdict to which, with up to five instances.
-- Parameters: tenant, sla, rejudging String. Index: rejudged by (tenant, sla, rejudging).
SELECT old_verdict, verdict, count() AS clocks, arraySlice(arraySort(groupUniqArray(1000)(key)), 1, 5) AS examples
FROM rejudged
WHERE tenant = {tenant:String} AND sla = {sla:String} AND rejudging = {rejudging:String}
GROUP BY old_verdict, verdict
ORDER BY clocks DESC, old_verdict, verdict
