-- as_of = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- awaited = 'b'
-- calendar = ''
-- cut_off = ''
-- definition = '59e18dd5d683c484d4a22c22e7b7be8228887f3b843d4b7c7ac46fdb31be58ba'
-- effective_from = datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
-- effective_to = datetime.datetime(2299, 12, 31, 0, 0, tzinfo=datetime.timezone.utc)
-- first_us = 0
-- from_milestone = 'a'
-- has_risk = 1
-- is_each = 0
-- left_us = 0
-- pause_from = ''
-- pause_to = ''
-- per = ''
-- promise = 'promise'
-- risk_us = 0
-- share_ppm = 500000
-- sla = 'promise'
-- system = ''
-- tenant = 't'
-- to_milestone = 'b'
-- within_us = 0
-- workflow = 'orders'
-- zone = 'UTC'

WITH
starts AS (
-- Purpose: the first start of each instance, with the promise it carries.
-- Parameters: from_milestone String; promise String, an attribute name or empty; as_of DateTime64(6) UTC, inclusive.
SELECT key, '' AS per, min(occurred_at) AS started_at, argMin(event_id, (occurred_at, event_id)) AS start_event,
  argMin(attributes[{promise:String}], (occurred_at, event_id)) AS promise
FROM staged_events
WHERE milestone = {from_milestone:String} AND occurred_at <= {as_of:DateTime64(6)}
GROUP BY key
) ,
 answered AS (
-- Purpose: the answer of each instance's start: the first end, whenever it came.
-- Parameters: to_milestone String; as_of DateTime64(6) UTC, inclusive; effective_from (inclusive), effective_to (exclusive)
--   DateTime64(6) UTC: starts this version of the SLA judges.
SELECT s.key AS key, s.per AS per, s.started_at AS started_at, s.start_event AS start_event, s.promise AS promise,
  if(e.key = '', NULL, e.answered_at) AS satisfied_at
FROM starts AS s
LEFT JOIN (
  SELECT key, min(occurred_at) AS answered_at FROM staged_events
  WHERE milestone = {to_milestone:String} AND occurred_at <= {as_of:DateTime64(6)}
  GROUP BY key
) AS e ON s.key = e.key
WHERE s.started_at >= {effective_from:DateTime64(6)} AND s.started_at < {effective_to:DateTime64(6)}
) ,
 ended AS (
-- Purpose: answered starts with the first cancelling event of their instance that came while they ran, and its pauses.
-- `pauses` is replaced by a SELECT of key and pauses.
-- Parameters: as_of DateTime64(6) UTC, inclusive; calendar String, the hash of the SLA's calendar or empty.
SELECT a.key AS key, a.per AS per, a.started_at AS started_at, a.start_event AS start_event, a.promise AS promise,
  a.satisfied_at AS satisfied_at, arrayFirstOrNull(at -> at >= a.started_at, x.cancelled) AS cancelled_at, p.pauses AS pauses,
  {calendar:String} AS calendar
FROM answered AS a
LEFT JOIN (
  SELECT key, arraySort(groupArray(occurred_at)) AS cancelled FROM staged_events
  WHERE outcome = 'cancelled' AND occurred_at <= {as_of:DateTime64(6)}
  GROUP BY key
) AS x ON a.key = x.key
LEFT JOIN (-- Purpose: the pauses of an SLA that has none. Parameters: none.
SELECT '' AS key, CAST([], 'Array(Tuple(Int64, Int64, Int64, Int64))') AS pauses WHERE 0
) AS p ON a.key = p.key
) ,
 promised AS (
-- Purpose: the instant each start promises. A date ends with that day, a time without offset is local, in the SLA's zone.
-- A date beyond the store's range (SAP writes 9999-12-31 for never) is the last instant of that range.
-- The day's last microsecond is looked for an hour later too: where clocks go back at midnight, 23:59 comes twice.
-- Parameters: promise String, the attribute's name; zone String, IANA; from_milestone String.
WITH
  trimBoth(promise) AS text,
  parseDateTime64BestEffortOrNull(concat(substring(text, 1, 10), ' 23:59:59.999999'), 6, {zone:String}) AS day_end,
  match(text, '^(19|20|21|22)\\d{2}-\\d{2}-\\d{2}$') AS is_date,
  match(text, '^(19|20|21|22)\\d{2}-\\d{2}-\\d{2}[T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:?\\d{2})?$') AS is_instant,
  match(text, '^(2[3-9]\\d{2}|[3-9]\\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])([T ].*)?$') AS is_never
SELECT * EXCEPT (promise),
  toTimeZone(multiIf(
    is_never, toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC'),
    day_end IS NULL, NULL,
    is_date, if(toDate32(day_end + INTERVAL 1 HOUR) = toDate32(day_end), day_end + INTERVAL 1 HOUR, day_end),
    is_instant, parseDateTime64BestEffortOrNull(text, 6, {zone:String}),
    NULL), 'UTC') AS promised_at,
  multiIf(
    promised_at IS NOT NULL, '',
    text = '', concat('The ', {from_milestone:String}, ' event carries no date in ', {promise:String}, '.'),
    concat('The promised date in ', {promise:String}, ' cannot be read: "', substringUTF8(text, 1, 80), '".')) AS problem
FROM ended
) ,
 begun AS (
-- Purpose: the SLA's own time of each row where it names no calendar: microseconds since 1970.
-- `rows` is replaced by a SELECT with a column `at`. Parameters: none.
SELECT *, toUnixTimestamp64Micro(at) AS own_us FROM (SELECT *, started_at AS at FROM promised)
) ,
 timed AS (
-- Purpose: the SLA's own time of each row where it names no calendar: microseconds since 1970.
-- `rows` is replaced by a SELECT with a column `at`. Parameters: none.
SELECT *, toUnixTimestamp64Micro(at) AS own_us FROM (SELECT * EXCEPT (at, own_us), own_us AS begun_us, ifNull(promised_at, started_at) AS at FROM begun)
) ,
 aimed AS (
-- Purpose: the own time at which each clock with a promised date is at risk. Pauses do not move a promised date.
-- What is never due (the last instant of the store's range) is never at risk.
-- Parameters: has_risk UInt8; share_ppm UInt32, millionths of the own time from start to promise, or 0: then left_us Int64,
--   own time left.
SELECT key, per, started_at, start_event, satisfied_at, cancelled_at, calendar, problem, begun_us AS own_us, promised_at,
  CAST(NULL, 'Nullable(Int64)') AS due_us,
  multiIf({has_risk:UInt8} = 0 OR promised_at IS NULL OR promised_at >= toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC'), NULL,
    {share_ppm:UInt32} = 0, timed.own_us - {left_us:Int64},
    begun_us + toInt64(intDiv(toInt128(timed.own_us - begun_us) * {share_ppm:UInt32} + 999999, 1000000))) AS risk_own_us
FROM timed
) ,
 dated AS (
-- Purpose: the instant at which each row's own time is reached, where the SLA names no calendar.
-- `rows` is replaced by a SELECT with a column `aim_us` Nullable(Int64). Parameters: none.
SELECT *, if(aim_us IS NULL, NULL, fromUnixTimestamp64Micro(assumeNotNull(aim_us), 'UTC')) AS reached_at FROM (SELECT *, due_us AS aim_us FROM aimed)
) ,
 due AS (
-- Purpose: the instant at which each row's own time is reached, where the SLA names no calendar.
-- `rows` is replaced by a SELECT with a column `aim_us` Nullable(Int64). Parameters: none.
SELECT *, if(aim_us IS NULL, NULL, fromUnixTimestamp64Micro(assumeNotNull(aim_us), 'UTC')) AS reached_at FROM (SELECT * EXCEPT (aim_us, reached_at), coalesce(promised_at, reached_at) AS deadline_at, risk_own_us AS aim_us FROM dated)
)
-- Purpose: one row per clock with all that a verdict is made of but the time of judgement.
-- Parameters: tenant, workflow, sla, definition, awaited, system String; is_each UInt8, whether each start has a clock.
SELECT {workflow:String} AS workflow, key, {sla:String} AS sla,
  lower(hex(sipHash128({tenant:String}, {sla:String}, key, per, if({is_each:UInt8}, start_event, '')))) AS clock,
  per, {definition:String} AS definition, started_at, start_event, satisfied_at, cancelled_at, deadline_at,
  multiIf(risk_own_us IS NULL, NULL, risk_own_us <= own_us, started_at, reached_at) AS risk_at,
  problem, {awaited:String} AS awaited, {system:String} AS system,
  arrayConcat(
    if(ifNull(satisfied_at < started_at, 0), ['answered_before_start'], []),
    if(ifNull(promised_at < started_at, 0), ['promise_before_start'], [])) AS flags
FROM due

