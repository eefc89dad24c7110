-- Purpose: open alerts whose present episode and verdict was held back by a silence and not released since.
-- Parameters: tenant. Acknowledged ones are left out: somebody knows.
-- Index: primary key prefix (tenant). Run when the set of active silences has changed.
SELECT present.*
FROM (
  SELECT *
  FROM alerts
  WHERE tenant = {tenant:String} AND change = 'verdict'
    AND alert_id IN (SELECT alert_id FROM alerts WHERE tenant = {tenant:String} AND change = 'silenced')
  ORDER BY verdict_seq DESC, at DESC
  LIMIT 1 BY alert_id
) AS present
INNER JOIN (
  SELECT
    alert_id, episode, verdict,
    maxIf(at, change = 'silenced') > maxIf(at, change = 'released') AND countIf(change = 'acknowledged') = 0 AS is_held
  FROM alerts
  WHERE tenant = {tenant:String} AND change IN ('silenced', 'released', 'acknowledged')
  GROUP BY alert_id, episode, verdict
) AS answered ON answered.alert_id = present.alert_id
  AND answered.episode = present.episode AND answered.verdict = present.verdict
WHERE present.is_open AND answered.is_held
ORDER BY started_at, alert_id
