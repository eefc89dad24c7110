-- Purpose: one current clock by its id. Parameters: tenant, clock String. Reads the tenant's column of clock ids.
SELECT workflow, key, sla, clock, verdict, deadline_at FROM clocks FINAL
WHERE tenant = {tenant:String} AND clock = {clock:String}
LIMIT 1
