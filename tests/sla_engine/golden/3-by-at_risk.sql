-- as_of = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- awaited = ['b']
-- calendar = ['']
-- calendars = []
-- cut_off = ['']
-- definition = ['59e18dd5d683c484d4a22c22e7b7be8228887f3b843d4b7c7ac46fdb31be58ba']
-- effective_from = [-2208988800000000]
-- effective_to = [10413705600000000]
-- first_us = []
-- from_milestone = ['a']
-- has_risk = [1]
-- is_each = [0]
-- left_us = [0]
-- numbers = [1]
-- pause_from = ['']
-- pause_to = ['']
-- per = ''
-- promise = ['promise']
-- risk_us = [0]
-- share_ppm = [500000]
-- sla = ['promise']
-- system = ['']
-- tenant = 't'
-- to_milestone = ['b']
-- within_us = [0]
-- workflow = 'orders'
-- zone = 'UTC'

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
WITH
  trimBoth(promise) AS text,
  parseDateTime64BestEffortOrNull(concat(substring(text, 1, 10), ' 23:59:59.999999'), 6, {zone:String}) AS day_end,
  match(text, '^(19|20|21|22)\\d{2}-\\d{2}-\\d{2}$') AS is_date,
  match(text, '^(19|20|21|22)\\d{2}-\\d{2}-\\d{2}[T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:?\\d{2})?$') AS is_instant,
  parseDateTime64BestEffortOrNull(text, 6, 'UTC') AS shown,
  timezoneOffset(toTimeZone(shown - INTERVAL 1 DAY, {zone:String})) AS offset_before,
  timezoneOffset(toTimeZone(shown + INTERVAL 1 DAY, {zone:String})) AS offset_after,
  subtractSeconds(shown, offset_before) AS by_offset_before,
  subtractSeconds(shown, offset_after) AS by_offset_after,
  timezoneOffset(toTimeZone(by_offset_before, {zone:String})) != offset_before
    AND timezoneOffset(toTimeZone(by_offset_after, {zone:String})) = offset_after AS is_after_change,
  match(text, '^(2[3-9]\\d{2}|[3-9]\\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])([T ].*)?$') AS is_never
SELECT * EXCEPT (promise),
  toTimeZone(multiIf(
    is_never, toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC'),
    day_end IS NULL, NULL,
    is_date, if(toDate32(day_end + INTERVAL 1 HOUR) = toDate32(day_end), day_end + INTERVAL 1 HOUR, day_end),
    is_instant AND match(text, ':.*(Z|[+-]\\d{2}:?\\d{2})$'), shown,
    is_instant, if(is_after_change, by_offset_after, by_offset_before),
    NULL), 'UTC') AS promised_at,
  multiIf(
    promised_at IS NOT NULL, '',
    text = '', concat('The ', {from_milestone:Array(String)}[n], ' event carries no date in ', {promise:Array(String)}[n], '.'),
    concat('The promised date in ', {promise:Array(String)}[n], ' cannot be read: "', substringUTF8(text, 1, 80), '".')) AS problem
FROM ended) ,
 begun AS (
SELECT *, toUnixTimestamp64Micro(at) AS own_us FROM (SELECT *, started_at AS at FROM promised)) ,
 timed AS (
SELECT *, toUnixTimestamp64Micro(at) AS own_us FROM (SELECT * EXCEPT (at, own_us), own_us AS begun_us, ifNull(promised_at, started_at) AS at FROM begun)) ,
 aimed AS (
SELECT key, per, n, started_at, start_event, satisfied_at, cancelled_at, calendar, problem, begun_us AS own_us, promised_at,
  CAST(NULL, 'Nullable(Int64)') AS due_us,
  multiIf({has_risk:Array(UInt8)}[n] = 0 OR promised_at IS NULL OR promised_at >= toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC'), NULL,
    {share_ppm:Array(UInt32)}[n] = 0, timed.own_us - {left_us:Array(Int64)}[n],
    begun_us + toInt64(intDiv(toInt128(timed.own_us - begun_us) * {share_ppm:Array(UInt32)}[n] + 999999, 1000000))) AS risk_own_us
FROM timed) ,
 dated AS (
SELECT *, if(aim_us IS NULL, NULL, fromUnixTimestamp64Micro(assumeNotNull(aim_us), 'UTC')) AS reached_at FROM (SELECT *, due_us AS aim_us FROM aimed)) ,
 due AS (
SELECT *, if(aim_us IS NULL, NULL, fromUnixTimestamp64Micro(assumeNotNull(aim_us), 'UTC')) AS reached_at FROM (SELECT * EXCEPT (aim_us, reached_at), coalesce(promised_at, reached_at) AS deadline_at, risk_own_us AS aim_us FROM dated))
SELECT {workflow:String} AS workflow, key, {sla:Array(String)}[n] AS sla,
  lower(hex(sipHash128({tenant:String}, {sla:Array(String)}[n], key, per, if({is_each:Array(UInt8)}[n], start_event, '')))) AS clock,
  per, {definition:Array(String)}[n] AS definition, started_at, start_event, satisfied_at, cancelled_at, deadline_at,
  multiIf(risk_own_us IS NULL, NULL, risk_own_us <= own_us, started_at, reached_at) AS risk_at,
  problem, {awaited:Array(String)}[n] AS awaited, {system:Array(String)}[n] AS system,
  arrayConcat(
    if(ifNull(satisfied_at < started_at, 0), ['answered_before_start'], []),
    if(ifNull(promised_at < started_at, 0), ['promise_before_start'], [])) AS flags
FROM due
