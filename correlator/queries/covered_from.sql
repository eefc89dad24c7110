-- Purpose: since when received data covers a tenant; NULL where there is none. A day of which rows have gone, as retention
-- takes them part by part, is covered no more: a segment never spans two days. What came in within the last hour has not
-- gone, it may be just coming in. `/*segments*/`: committed segments; `/*kept*/`: the rows kept, by signal and day.
-- Parameters: tenant: String; asked_at: DateTime64(6), UTC.
WITH told AS (
  SELECT signal, toDate(received_from) AS day, min(received_from) AS since, sum(rows) AS told_rows, max(committed_at) AS latest
  FROM (/*segments*/) WHERE tenant = {tenant:String}
  GROUP BY signal, day
)
SELECT
  multiIf(
    count() = 0, NULL,
    countIf(has_gone) = 0, min(since),
    toDateTime64(maxIf(day, has_gone) + 1, 6, 'UTC')) AS covered_from
FROM (
  SELECT
    day, since,
    told_rows > kept_rows
      AND day < toDate(greatest({asked_at:DateTime64(6)}, (SELECT max(latest) FROM told)) - INTERVAL 1 HOUR) AS has_gone
  FROM told LEFT JOIN (/*kept*/) AS k USING (signal, day)
)
