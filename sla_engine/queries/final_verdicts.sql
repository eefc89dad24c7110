-- Purpose: clocks met and breached, by SLA: in the SLA's window and in the last hour, six hours and three days. Whole hours are
-- read as such, of the hours a window begins or ends in every instant: no clock too many or too few.
-- Parameters: tenant String; now_us Int64; slas Array(String) with since Array(Int64), the beginning of each one's window
--   (exclusive), all microseconds since 1970; hours Array(Int32) since 1970 in which a window begins or ends.
-- Index: verdict_counts by (tenant, sla, is_hour, hour).
WITH
  {now_us:Int64} AS now_us,
  [{since:Array(Int64)}[indexOf({slas:Array(String)}, toString(sla))], now_us - 3600000000, now_us - 21600000000,
    now_us - 259200000000] AS begins,
  toInt32(intDiv(now_us - positiveModulo(now_us, 3600000000), 3600000000)) AS last_hour,
  toUnixTimestamp64Micro(at) AS at_us,
  arrayMap(begin -> toInt32(intDiv(begin - positiveModulo(begin, 3600000000), 3600000000)), begins) AS first_hours,
  arrayMap((begin, first_hour) -> clocks * if(is_hour, hour > first_hour AND hour < last_hour,
    (hour = first_hour OR hour = last_hour) AND at_us > begin AND at_us <= now_us), begins, first_hours) AS counts
SELECT sla, sumForEach(arrayMap(n -> n * (verdict = 'met'), counts)) AS met,
  sumForEach(arrayMap(n -> n * (verdict = 'breached'), counts)) AS breached
FROM (
  SELECT sla, is_hour, hour, at, verdict, clocks FROM verdict_counts
  WHERE tenant = {tenant:String} AND sla IN {slas:Array(String)} AND is_hour = 1 AND verdict IN ('met', 'breached')
    AND hour >= intDiv(arrayMin(arrayPushBack({since:Array(Int64)}, now_us - 259200000000)), 3600000000) - 1
  UNION ALL
  SELECT sla, is_hour, hour, at, verdict, clocks FROM verdict_counts
  WHERE tenant = {tenant:String} AND sla IN {slas:Array(String)} AND is_hour = 0 AND hour IN {hours:Array(Int32)}
)
GROUP BY sla
