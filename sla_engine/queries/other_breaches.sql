-- Purpose: instances with a clock that is breached in one database and not in another, and how many such clocks there are.
-- `here` and `there` are replaced by the two tables of clocks.
-- Parameters: tenant, sla String; since (inclusive), until (exclusive) DateTime64(6) UTC. Reads both tables' clocks of the tenant.
SELECT count() AS clocks, arraySlice(arraySort(groupUniqArray(1000)(key)), 1, 5) AS examples
FROM /*here*/ FINAL
WHERE tenant = {tenant:String} AND sla = {sla:String} AND verdict = 'breached'
  AND valid_from >= {since:DateTime64(6)} AND valid_from < {until:DateTime64(6)}
  AND clock NOT IN (
    SELECT clock FROM /*there*/ FINAL WHERE tenant = {tenant:String} AND sla = {sla:String} AND verdict = 'breached')
