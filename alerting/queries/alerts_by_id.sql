-- Purpose: the present picture of some alerts.
-- Parameters: tenant; alert_ids Array(String), at most some thousands.
-- Index: primary key (tenant, alert_id, change).
SELECT *
FROM alerts
WHERE tenant = {tenant:String} AND alert_id IN {alert_ids:Array(String)} AND change = 'verdict'
ORDER BY verdict_seq DESC, at DESC
LIMIT 1 BY alert_id
