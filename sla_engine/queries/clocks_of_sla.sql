-- Purpose: how many clocks an SLA has. Parameters: tenant, sla String. Reads one column of the tenant's clocks.
SELECT count() FROM clocks FINAL WHERE tenant = {tenant:String} AND sla = {sla:String}
