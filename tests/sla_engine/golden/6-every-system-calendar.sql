-- as_of = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- awaited = ['the next event of wms']
-- calendar = ['2242053233343ab67e8751d050a8de6fdf6e5cca31ea0007879d84243257ba2f']
-- calendars = ['2242053233343ab67e8751d050a8de6fdf6e5cca31ea0007879d84243257ba2f']
-- cut_off = ['']
-- definition = ['aaa3b528f681e4bc981826fb5d23e2fba34b56523db0b567a0cc42723c91d08a']
-- effective_from = [-2208988800000000]
-- effective_to = [10413705600000000]
-- feed = ['b']
-- feed_name = 'wms'
-- first_ever = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- first_us = [0]
-- from_milestone = ['b']
-- has_risk = [0]
-- is_each = [1]
-- is_waited_for = 0
-- left_us = [0]
-- numbers = [1]
-- pause_from = ['']
-- pause_to = ['']
-- per = ''
-- promise = ['']
-- risk_us = [900000000]
-- share_ppm = [0]
-- since = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- sla = ['promise']
-- system = ['']
-- tenant = 't'
-- to_milestone = ['b']
-- waited_from = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- within_us = [900000000]
-- workflow = 'orders'
-- zone = 'Europe/Berlin'

SELECT * REPLACE (if(cancelled_at IS NULL, flags, ['vanished']) AS flags) FROM (WITH
ended AS (
SELECT {feed_name:String} AS key, '' AS per, toUInt16(1) AS n, last_at AS started_at, start_event,
  next_at AS satisfied_at, vanished_at AS cancelled_at,
  {calendar:Array(String)}[1] AS calendar
FROM (
  SELECT concat(toString(minute), '/', toString(is_sharp)) AS start_event, spoke_at AS last_at,
    leadInFrame(CAST(began_at, 'Nullable(DateTime64(6, ''UTC''))')) OVER (
      ORDER BY minute, is_sharp DESC ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_at,
    CAST(NULL, 'Nullable(DateTime64(6, ''UTC''))') AS vanished_at
  FROM (
    SELECT minute, is_sharp, min(first_at) AS began_at, max(last_at) AS spoke_at
    FROM feed_minutes
    WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND milestone IN {feed:Array(String)}
      AND minute >= toDateTime({since:DateTime64(6)}, 'UTC')
    GROUP BY minute, is_sharp
  )
  UNION ALL
  SELECT 'waited for', {waited_from:DateTime64(6)} AS since, if({first_ever:DateTime64(6)} > since, {first_ever:DateTime64(6)}, NULL),
    if({first_ever:DateTime64(6)} <= since AND {first_ever:DateTime64(6)} > toDateTime64(0, 6, 'UTC'), since, NULL)
  WHERE {is_waited_for:UInt8}
)
WHERE toUnixTimestamp64Micro(started_at) >= {effective_from:Array(Int64)}[1]
  AND toUnixTimestamp64Micro(started_at) < {effective_to:Array(Int64)}[1]) ,
 timed AS (
SELECT r.*,
  if(c.calendar = '', {first_us:Array(Int64)}[indexOf({calendars:Array(String)}, toString(r.calendar))],
    c.before_us + least(toUnixTimestamp64Micro(r.at), toUnixTimestamp64Micro(c.closes_at))
    - toUnixTimestamp64Micro(c.opens_at)) AS own_us
FROM (SELECT *, started_at AS at FROM ended) AS r
ASOF LEFT JOIN (
  SELECT calendar, opens_at, closes_at, before_us FROM calendar_days
  WHERE tenant = {tenant:String} AND calendar IN {calendars:Array(String)} AND closes_at > opens_at
) AS c ON r.calendar = c.calendar AND r.at >= c.opens_at) ,
 aimed AS (
SELECT key, per, n, started_at, start_event, satisfied_at, cancelled_at, calendar, '' AS problem, own_us,
  NULL::Nullable(DateTime64(6, 'UTC')) AS promised_at,
  CAST(own_us + {within_us:Array(Int64)}[n], 'Nullable(Int64)') AS due_us,
  if({has_risk:Array(UInt8)}[n] = 0, NULL, own_us + {risk_us:Array(Int64)}[n]) AS risk_own_us
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
FROM due)
WHERE cancelled_at IS NULL AND ifNull(coalesce(satisfied_at, {as_of:DateTime64(6)}) > deadline_at, 0)
  OR cancelled_at IS NULL AND ifNull(coalesce(satisfied_at, {as_of:DateTime64(6)}) >= risk_at, 0)
  OR clock IN (
    SELECT clock FROM clocks
    WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND key = {feed_name:String} AND sla = {sla:Array(String)}[1])
