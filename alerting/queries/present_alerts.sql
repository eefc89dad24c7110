-- Purpose: every alert of a tenant as it is now, and who acknowledged it in this episode and verdict.
-- Parameters: tenant.
-- Index: primary key prefix (tenant). Reads the tenant's alerts; filters and the page are put around it.
SELECT present.*, acknowledged.actor AS acknowledged_by, acknowledged.comment AS acknowledgement
FROM (
  SELECT *
  FROM alerts
  WHERE tenant = {tenant:String} AND change = 'verdict'
  ORDER BY verdict_seq DESC, at DESC
  LIMIT 1 BY alert_id
) AS present
LEFT JOIN (
  SELECT alert_id, episode, verdict, argMax(alerts.actor, alerts.at) AS actor, argMax(alerts.comment, alerts.at) AS comment
  FROM alerts
  WHERE tenant = {tenant:String} AND change = 'acknowledged'
  GROUP BY alert_id, episode, verdict
) AS acknowledged ON acknowledged.alert_id = present.alert_id
  AND acknowledged.episode = present.episode AND acknowledged.verdict = present.verdict
