-- Purpose: instances in progress by workflow, of those that another room names. Parameters: tenant: String, and those of the
-- SELECT of `workflow` and `key` that the marked place takes. Index: instances by (tenant, workflow, key).
SELECT workflow, count() AS instances FROM instances FINAL
WHERE tenant = {tenant:String} AND status = 'in_progress' AND (workflow, key) IN (/*named*/)
GROUP BY workflow
