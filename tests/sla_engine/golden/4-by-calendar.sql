-- as_of = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- awaited = ['b']
-- calendar = ['2242053233343ab67e8751d050a8de6fdf6e5cca31ea0007879d84243257ba2f']
-- calendars = ['2242053233343ab67e8751d050a8de6fdf6e5cca31ea0007879d84243257ba2f']
-- cut_off = ['']
-- definition = ['6803e503d6a7d87dc13f57ef68015a21fa342a73a571c5c0b002b58798bd2f42']
-- effective_from = [-2208988800000000]
-- effective_to = [10413705600000000]
-- first_us = [0]
-- from_milestone = ['a']
-- has_risk = [0]
-- is_each = [0]
-- left_us = [0]
-- numbers = [1]
-- pause_from = ['']
-- pause_to = ['']
-- per = ''
-- promise = ['']
-- risk_us = [0]
-- share_ppm = [0]
-- sla = ['promise']
-- system = ['']
-- tenant = 't'
-- to_milestone = ['b']
-- within_us = [0]
-- workflow = 'orders'
-- zone = 'Europe/Berlin'

WITH
asked AS (
SELECT key, '' AS per, toString(milestone) AS reached, min(occurred_at) AS at, argMin(event_id, (occurred_at, event_id)) AS event,
  argMin(attributes, (occurred_at, event_id)) AS carried
FROM staged_events
WHERE milestone IN {from_milestone:Array(String)} AND occurred_at <= {as_of:DateTime64(6)}
GROUP BY key, reached) ,
 starts AS (
SELECT key, per, arrayJoin(arrayFilter(i -> {from_milestone:Array(String)}[i] = reached, {numbers:Array(UInt16)})) AS n,
  at AS started_at, event AS start_event, carried[{promise:Array(String)}[n]] AS promise
FROM asked) ,
 answered AS (
SELECT s.key AS key, s.per AS per, s.n AS n, s.started_at AS started_at, s.start_event AS start_event, s.promise AS promise,
  if(e.key = '', NULL, e.answered_at) AS satisfied_at
FROM (
  SELECT *, {to_milestone:Array(String)}[n] AS answer FROM starts
  WHERE toUnixTimestamp64Micro(started_at) >= {effective_from:Array(Int64)}[n]
    AND toUnixTimestamp64Micro(started_at) < {effective_to:Array(Int64)}[n]
) AS s
LEFT JOIN (
  SELECT key, toString(milestone) AS answer, min(occurred_at) AS answered_at FROM staged_events
  WHERE milestone IN {to_milestone:Array(String)} AND occurred_at <= {as_of:DateTime64(6)}
  GROUP BY key, answer
) AS e ON s.key = e.key AND s.answer = e.answer) ,
 ended AS (
SELECT a.key AS key, a.per AS per, a.n AS n, a.started_at AS started_at, a.start_event AS start_event, a.promise AS promise,
  a.satisfied_at AS satisfied_at, arrayFirstOrNull(at -> at >= a.started_at, x.cancelled) AS cancelled_at,
  {calendar:Array(String)}[n] AS calendar
FROM answered AS a
LEFT JOIN (
  SELECT key, arraySort(groupArray(occurred_at)) AS cancelled FROM staged_events
  WHERE outcome = 'cancelled' AND occurred_at <= {as_of:DateTime64(6)}
  GROUP BY key
) AS x ON a.key = x.key) ,
 promised AS (
SELECT r.* EXCEPT (promise, cut_off_name), if(c.calendar = '', NULL, c.due_at) AS promised_at,
  if(c.calendar = '', 'The calendar has no business day after the start.', '') AS problem
FROM (SELECT *, {cut_off:Array(String)}[n] AS cut_off_name FROM ended) AS r
ASOF LEFT JOIN (
  SELECT calendar, cut_off_at, due_at FROM cut_off_days
  WHERE tenant = {tenant:String} AND calendar IN {cut_off:Array(String)}
) AS c ON r.cut_off_name = c.calendar AND r.started_at <= c.cut_off_at) ,
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
