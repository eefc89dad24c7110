-- Purpose: the last ledger row of a tenant that has been followed; no row before the first.
-- Parameters: tenant.
-- Index: primary key (tenant).
SELECT max(seq) AS seq FROM alerting_positions WHERE tenant = {tenant:String}
