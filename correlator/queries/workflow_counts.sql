-- Purpose: instances by workflow and status. Parameters: tenant: String. Index: instances by (tenant, workflow, key).
SELECT workflow, status, count() AS instances FROM instances FINAL
WHERE tenant = {tenant:String} GROUP BY workflow, status
