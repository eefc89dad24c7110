-- Purpose: open alerts of promises that are not among some.
-- Parameters: tenant; workflows and slas Array(String), the promises that there are, each a workflow and an SLA at the
--   same place; limit UInt32.
-- Index: primary key prefix (tenant). Run when the promises of the catalog have changed.
SELECT *
FROM (
  SELECT *
  FROM alerts
  WHERE tenant = {tenant:String} AND change = 'verdict'
    AND workflow != arrayElement({workflows:Array(String)}, indexOf({slas:Array(String)}, sla))
  ORDER BY verdict_seq DESC, at DESC
  LIMIT 1 BY alert_id
)
WHERE is_open
ORDER BY started_at, alert_id
LIMIT {limit:UInt32}
