-- as_of = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- at_least = 3
-- at_most = -1
-- awaited = ['3 of b']
-- calendar = ['2242053233343ab67e8751d050a8de6fdf6e5cca31ea0007879d84243257ba2f']
-- calendars = ['2242053233343ab67e8751d050a8de6fdf6e5cca31ea0007879d84243257ba2f']
-- cut_off = ['']
-- definition = ['023f3387e2bc627db21059546786783ec3157f96a1a01fd30c3eacb060e3ac4d']
-- effective_from = [-2208988800000000]
-- effective_to = [10413705600000000]
-- feed = ['b']
-- feed_name = 'b'
-- first_us = [0]
-- from_milestone = ['b']
-- has_risk = [1]
-- is_each = [1]
-- left_us = [0]
-- numbers = [1]
-- pause_from = ['']
-- pause_to = ['']
-- per = ''
-- promise = ['']
-- risk_us = [0]
-- share_ppm = [500000]
-- since = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- sla = ['promise']
-- system = ['']
-- tenant = 't'
-- to_milestone = ['b']
-- within_us = [0]
-- workflow = 'orders'
-- zone = 'Europe/Berlin'

WITH
promised AS (
WITH
  {at_least:Int64} AS at_least, {at_most:Int64} AS at_most,
  arraySort(groupArrayIf((minute, 1 - is_sharp, last_at, came_then), came_then > 0)) AS came,
  arrayCumSum(came.4) AS totals,
  arrayMap(c -> c.1 < toDateTime(due_at, 'UTC') OR (c.1 = toDateTime(due_at, 'UTC') AND c.2 = 0), came) AS in_time,
  arrayFirstIndex(t -> t >= at_least, totals) AS filled,
  arrayFirstIndex((t, i) -> i AND t > at_most, totals, in_time) AS overrun
SELECT {feed_name:String} AS key, '' AS per, toUInt16(1) AS n, began_at AS started_at, toString(day) AS start_event,
  CAST(multiIf(
    at_least >= 0, if(filled > 0, came[filled].3, NULL),
    overrun = 0 AND due_at <= {as_of:DateTime64(6)}, due_at,
    NULL), 'Nullable(DateTime64(6, ''UTC''))') AS satisfied_at,
  CAST(NULL, 'Nullable(DateTime64(6, ''UTC''))') AS cancelled_at,
  {calendar:Array(String)}[1] AS calendar,
  CAST(if(at_most >= 0 AND overrun > 0, came[overrun].3, due_at), 'Nullable(DateTime64(6, ''UTC''))') AS promised_at, '' AS problem
FROM (
  SELECT due_at, toDate(due_at, {zone:String}) AS day,
    toTimeZone(toDateTime64(toStartOfDay(due_at, {zone:String}), 6), 'UTC') AS began_at
  FROM cut_off_days FINAL
  WHERE tenant = {tenant:String} AND calendar = {cut_off:Array(String)}[1] AND day >= toDate({since:DateTime64(6)}, {zone:String})
    AND began_at <= {as_of:DateTime64(6)}
) AS d
LEFT JOIN (
  SELECT toDate(minute, {zone:String}) AS day, minute, is_sharp, max(last_at) AS last_at, toInt64(uniqExactMerge(events)) AS came_then
  FROM feed_minutes
  WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND milestone IN {feed:Array(String)}
    AND minute >= toStartOfDay({since:DateTime64(6)}, {zone:String})
  GROUP BY minute, is_sharp
) AS m ON d.day = m.day
WHERE toUnixTimestamp64Micro(began_at) >= {effective_from:Array(Int64)}[1]
  AND toUnixTimestamp64Micro(began_at) < {effective_to:Array(Int64)}[1]
GROUP BY due_at, day, began_at) ,
 begun AS (
SELECT r.*,
  if(c.calendar = '', {first_us:Array(Int64)}[indexOf({calendars:Array(String)}, toString(r.calendar))],
    c.before_us + least(toUnixTimestamp64Micro(r.at), toUnixTimestamp64Micro(c.closes_at))
    - toUnixTimestamp64Micro(c.opens_at)) AS own_us
FROM (SELECT *, started_at AS at FROM promised) AS r
ASOF LEFT JOIN (
  SELECT calendar, opens_at, closes_at, before_us FROM calendar_days
  WHERE tenant = {tenant:String} AND calendar IN {calendars:Array(String)} AND closes_at > opens_at
) AS c ON r.calendar = c.calendar AND r.at >= c.opens_at) ,
 timed AS (
SELECT r.*,
  if(c.calendar = '', {first_us:Array(Int64)}[indexOf({calendars:Array(String)}, toString(r.calendar))],
    c.before_us + least(toUnixTimestamp64Micro(r.at), toUnixTimestamp64Micro(c.closes_at))
    - toUnixTimestamp64Micro(c.opens_at)) AS own_us
FROM (SELECT * EXCEPT (at, own_us), own_us AS begun_us, ifNull(promised_at, started_at) AS at FROM begun) AS r
ASOF LEFT JOIN (
  SELECT calendar, opens_at, closes_at, before_us FROM calendar_days
  WHERE tenant = {tenant:String} AND calendar IN {calendars:Array(String)} AND closes_at > opens_at
) AS c ON r.calendar = c.calendar AND r.at >= c.opens_at) ,
 aimed AS (
SELECT key, per, n, started_at, start_event, satisfied_at, cancelled_at, calendar, problem, begun_us AS own_us, promised_at,
  CAST(NULL, 'Nullable(Int64)') AS due_us,
  multiIf({has_risk:Array(UInt8)}[n] = 0 OR promised_at IS NULL OR promised_at >= toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC'), NULL,
    {share_ppm:Array(UInt32)}[n] = 0, timed.own_us - {left_us:Array(Int64)}[n],
    begun_us + toInt64(intDiv(toInt128(timed.own_us - begun_us) * {share_ppm:Array(UInt32)}[n] + 999999, 1000000))) AS risk_own_us
FROM timed) ,
 dated AS (
WITH
  r.aim_us IS NULL OR c.calendar = ''
    OR r.aim - c.before_us > toUnixTimestamp64Micro(c.closes_at) - toUnixTimestamp64Micro(c.opens_at) AS is_never
SELECT r.* EXCEPT (aim),
  -- What lies under a NULL is read by clients too, so it has to be a time.
  if(is_never, NULL,
    fromUnixTimestamp64Micro(if(is_never, 0, toUnixTimestamp64Micro(c.opens_at) + r.aim - c.before_us), 'UTC')) AS reached_at
FROM (SELECT *, ifNull(aim_us, toInt64(-9223372036854775807)) AS aim FROM (SELECT *, due_us AS aim_us FROM aimed)) AS r
ASOF LEFT JOIN (
  SELECT calendar, opens_at, closes_at, before_us FROM calendar_days
  WHERE tenant = {tenant:String} AND calendar IN {calendars:Array(String)} AND closes_at > opens_at
) AS c ON r.calendar = c.calendar AND r.aim > c.before_us) ,
 due AS (
WITH
  r.aim_us IS NULL OR c.calendar = ''
    OR r.aim - c.before_us > toUnixTimestamp64Micro(c.closes_at) - toUnixTimestamp64Micro(c.opens_at) AS is_never
SELECT r.* EXCEPT (aim),
  -- What lies under a NULL is read by clients too, so it has to be a time.
  if(is_never, NULL,
    fromUnixTimestamp64Micro(if(is_never, 0, toUnixTimestamp64Micro(c.opens_at) + r.aim - c.before_us), 'UTC')) AS reached_at
FROM (SELECT *, ifNull(aim_us, toInt64(-9223372036854775807)) AS aim FROM (SELECT * EXCEPT (aim_us, reached_at), coalesce(promised_at, reached_at) AS deadline_at, risk_own_us AS aim_us FROM dated)) AS r
ASOF LEFT JOIN (
  SELECT calendar, opens_at, closes_at, before_us FROM calendar_days
  WHERE tenant = {tenant:String} AND calendar IN {calendars:Array(String)} AND closes_at > opens_at
) AS c ON r.calendar = c.calendar AND r.aim > c.before_us)
SELECT {workflow:String} AS workflow, key, {sla:Array(String)}[n] AS sla,
  lower(hex(sipHash128({tenant:String}, {sla:Array(String)}[n], key, per, if({is_each:Array(UInt8)}[n], start_event, '')))) AS clock,
  per, {definition:Array(String)}[n] AS definition, started_at, start_event, satisfied_at, cancelled_at, deadline_at,
  multiIf(risk_own_us IS NULL, NULL, risk_own_us <= own_us, started_at, reached_at) AS risk_at,
  problem, {awaited:Array(String)}[n] AS awaited, {system:Array(String)}[n] AS system,
  arrayConcat(
    if(ifNull(satisfied_at < started_at, 0), ['answered_before_start'], []),
    if(ifNull(promised_at < started_at, 0), ['promise_before_start'], [])) AS flags
FROM due
