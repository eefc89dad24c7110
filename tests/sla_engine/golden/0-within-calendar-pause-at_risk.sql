-- as_of = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- awaited = ['b']
-- calendar = ['2242053233343ab67e8751d050a8de6fdf6e5cca31ea0007879d84243257ba2f']
-- calendars = ['2242053233343ab67e8751d050a8de6fdf6e5cca31ea0007879d84243257ba2f']
-- cut_off = ['']
-- definition = ['2b48c4cf2a08e3c51d1a2ebf57e1f573a60cdf884ab1ab710329618b18a25393']
-- effective_from = [-2208988800000000]
-- effective_to = [10413705600000000]
-- first_us = [0]
-- from_milestone = ['a']
-- has_risk = [1]
-- is_each = [0]
-- left_us = [0]
-- numbers = [1]
-- pause_from = ['p']
-- pause_to = ['r']
-- per = ''
-- promise = ['']
-- risk_us = [10800000000]
-- share_ppm = [750000]
-- sla = ['promise']
-- system = ['']
-- tenant = 't'
-- to_milestone = ['b']
-- within_us = [14400000000]
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
 paused AS (
SELECT a.*, p.pauses AS pauses
FROM ended AS a
LEFT JOIN (WITH toInt64(9223372036854775807) AS open
SELECT key, n,
  arrayMap(i -> (turns[i].1, turns[i].5, if(i < length(turns), turns[i + 1].1, open), if(i < length(turns), turns[i + 1].5, open)),
    range(1, length(turns) + 1, 2)) AS pauses
FROM (
  SELECT key, n, arrayFilter((turn, before) -> turn.4 != before, seen, arrayPopBack(arrayPushFront(seen.4, 0))) AS turns
  FROM (
    SELECT key, n, arraySort(groupArray((toUnixTimestamp64Micro(at), place, event_id, is_pause, own_us))) AS seen
    FROM (SELECT r.*,
  if(c.calendar = '', {first_us:Array(Int64)}[indexOf({calendars:Array(String)}, toString(r.calendar))],
    c.before_us + least(toUnixTimestamp64Micro(r.at), toUnixTimestamp64Micro(c.closes_at))
    - toUnixTimestamp64Micro(c.opens_at)) AS own_us
FROM (SELECT key, event_id, place,
  arrayJoin(arrayFilter(i -> toString(milestone) IN ({pause_from:Array(String)}[i], {pause_to:Array(String)}[i]),
    {numbers:Array(UInt16)})) AS n,
  occurred_at AS at, toUInt8({pause_from:Array(String)}[n] = toString(milestone)) AS is_pause, {calendar:Array(String)}[n] AS calendar
FROM staged_events
WHERE (milestone IN {pause_from:Array(String)} OR milestone IN {pause_to:Array(String)}) AND occurred_at <= {as_of:DateTime64(6)}) AS r
ASOF LEFT JOIN (
  SELECT calendar, opens_at, closes_at, before_us FROM calendar_days
  WHERE tenant = {tenant:String} AND calendar IN {calendars:Array(String)} AND closes_at > opens_at
) AS c ON r.calendar = c.calendar AND r.at >= c.opens_at)
    GROUP BY key, n
  )
)) AS p ON a.key = p.key AND a.n = p.n) ,
 timed AS (
SELECT r.*,
  if(c.calendar = '', {first_us:Array(Int64)}[indexOf({calendars:Array(String)}, toString(r.calendar))],
    c.before_us + least(toUnixTimestamp64Micro(r.at), toUnixTimestamp64Micro(c.closes_at))
    - toUnixTimestamp64Micro(c.opens_at)) AS own_us
FROM (SELECT *, started_at AS at FROM paused) AS r
ASOF LEFT JOIN (
  SELECT calendar, opens_at, closes_at, before_us FROM calendar_days
  WHERE tenant = {tenant:String} AND calendar IN {calendars:Array(String)} AND closes_at > opens_at
) AS c ON r.calendar = c.calendar AND r.at >= c.opens_at) ,
 aimed AS (
WITH toInt64(9223372036854775807) AS open
SELECT key, per, n, started_at, start_event, satisfied_at, cancelled_at, calendar, '' AS problem, own_us,
  NULL::Nullable(DateTime64(6, 'UTC')) AS promised_at,
  if(arrayExists((p, u) -> p.2 = open AND u < within_us, live, used), NULL,
    own_us + within_us + arraySum(arrayMap((u, length) -> if(u < within_us, length, 0), used, lengths))) AS due_us,
  if(has_no_risk OR arrayExists((p, u) -> p.2 = open AND u < risk_us, live, used), NULL,
    own_us + risk_us + arraySum(arrayMap((u, length) -> if(u < risk_us, length, 0), used, lengths))) AS risk_own_us
FROM (
  SELECT *, arrayMap((p, total, length) -> p.1 - own_us - (total - length), live, arrayCumSum(lengths), lengths) AS used
  FROM (
    SELECT *, arrayMap(p -> if(p.2 = open, 0, p.2 - p.1), live) AS lengths
    FROM (
      SELECT * EXCEPT pauses, {within_us:Array(Int64)}[n] AS within_us, {risk_us:Array(Int64)}[n] AS risk_us,
        {has_risk:Array(UInt8)}[n] = 0 AS has_no_risk,
        arrayMap(p -> (greatest(p.2, own_us), if(p.3 > ended_us, open, p.4)),
          arrayFilter(p -> p.1 < ended_us AND p.3 > toUnixTimestamp64Micro(started_at), pauses)) AS live
      FROM (
        SELECT *, least(ifNull(toUnixTimestamp64Micro(satisfied_at), open), ifNull(toUnixTimestamp64Micro(cancelled_at), open)) AS ended_us
        FROM timed
      )
    )
  )
)) ,
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
