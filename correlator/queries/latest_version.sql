-- Purpose: the version of the last finished tick of a tenant; no row where there is none.
-- Parameters: tenant: String. Index: correlator_ticks by (tenant, version), read from its end.
SELECT version FROM correlator_ticks WHERE tenant = {tenant:String} ORDER BY version DESC LIMIT 1
