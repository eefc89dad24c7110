-- Purpose: the version of the last finished tick of a tenant; 0 where there is none.
-- Parameters: tenant: String. Index: the tenant's rows of correlator_ticks; the largest is the last.
SELECT max(version) AS version FROM correlator_ticks WHERE tenant = {tenant:String}
