-- Purpose: the silences of a tenant that are not over at an instant, those that start later included.
-- Parameters: tenant; now DateTime64(6).
-- Index: primary key prefix (tenant). Few rows: people write them.
SELECT
  silence_id, matchers, starts_at, comment, actor, at,
  if(ended.ended_at > toDateTime64(0, 6, 'UTC'), least(added.ends_at, ended.ended_at), added.ends_at) AS until
FROM (SELECT * FROM silences WHERE tenant = {tenant:String} AND change = 'added') AS added
LEFT JOIN (
  SELECT silence_id, min(ends_at) AS ended_at
  FROM silences
  WHERE tenant = {tenant:String} AND change = 'ended'
  GROUP BY silence_id
) AS ended USING (silence_id)
WHERE until > {now:DateTime64(6)}
ORDER BY starts_at, silence_id
