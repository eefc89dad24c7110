-- Purpose: instances in progress by current milestone. Parameters: tenant, workflow: String.
SELECT current_milestone AS milestone, count() AS instances FROM instances FINAL
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND status = 'in_progress' AND current_milestone != ''
GROUP BY current_milestone
