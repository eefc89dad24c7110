-- Purpose: clocks met and breached, by SLA: in the SLA's window and in the last hour, six hours and three days.
-- Parameters: tenant String; now DateTime64(6) UTC; slas Array(String) with since Array(Int64), the beginning of each one's
--   window (exclusive), microseconds since 1970. Reads the tenant's clocks.
WITH toUnixTimestamp64Micro(valid_from) > {since:Array(Int64)}[indexOf({slas:Array(String)}, toString(sla))] AS counts,
  {now:DateTime64(6)} AS now
SELECT sla,
  countIf(counts AND verdict = 'met') AS met,
  countIf(counts AND verdict = 'breached') AS breached,
  countIf(verdict = 'met' AND valid_from > now - INTERVAL 1 HOUR) AS met_1h,
  countIf(verdict = 'breached' AND valid_from > now - INTERVAL 1 HOUR) AS breached_1h,
  countIf(verdict = 'met' AND valid_from > now - INTERVAL 6 HOUR) AS met_6h,
  countIf(verdict = 'breached' AND valid_from > now - INTERVAL 6 HOUR) AS breached_6h,
  countIf(verdict = 'met' AND valid_from > now - INTERVAL 3 DAY) AS met_3d,
  countIf(verdict = 'breached' AND valid_from > now - INTERVAL 3 DAY) AS breached_3d
FROM clocks FINAL
WHERE tenant = {tenant:String} AND has({slas:Array(String)}, toString(sla)) AND valid_from <= now
GROUP BY sla
