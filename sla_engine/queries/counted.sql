-- Purpose: the place in a tenant's ledger up to which verdicts are counted; 0 for none.
-- Parameters: tenant String. Index: verdict_counts by (tenant, sla).
SELECT max(v.upto) AS upto FROM verdict_counts AS v WHERE tenant = {tenant:String} AND sla = ''
