-- Purpose: instances in progress by workflow and current milestone. Parameters: tenant: String.
-- Index: instances by (tenant, workflow, key).
SELECT workflow, current_milestone AS milestone, count() AS instances FROM instances FINAL
WHERE tenant = {tenant:String} AND status = 'in_progress' AND current_milestone != ''
GROUP BY workflow, current_milestone
