-- Purpose: alerts that ended because their promise had left the catalog, of those promises that there are.
-- Parameters: tenant; workflows and slas Array(String), the promises that there are, each a workflow and an SLA at the
--   same place; limit UInt32.
-- Index: primary key prefix (tenant). Run when the promises of the catalog have changed. No other end leaves an alert
--   `unknown`.
SELECT *
FROM (
  SELECT *
  FROM alerts
  WHERE tenant = {tenant:String} AND change = 'verdict'
    AND workflow = arrayElement({workflows:Array(String)}, indexOf({slas:Array(String)}, sla))
  ORDER BY verdict_seq DESC, at DESC
  LIMIT 1 BY alert_id
)
WHERE NOT is_open AND verdict = 'unknown'
ORDER BY started_at, alert_id
LIMIT {limit:UInt32}
