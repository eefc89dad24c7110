-- as_of = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- awaited = 'b'
-- calendar = ''
-- cut_off = ''
-- definition = '49a3a3ac20538f37a128155fafcf6ee2401a16b589dc92780901490b025ec716'
-- effective_from = datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
-- effective_to = datetime.datetime(2299, 12, 31, 0, 0, tzinfo=datetime.timezone.utc)
-- first_us = 0
-- from_milestone = 'a'
-- has_risk = 0
-- is_each = 0
-- left_us = 0
-- pause_from = ''
-- pause_to = ''
-- per = ''
-- promise = ''
-- risk_us = 14400000000
-- share_ppm = 0
-- sla = 'promise'
-- system = ''
-- tenant = 't'
-- to_milestone = 'b'
-- where_0 = 'class'
-- where_1 = 'gold'
-- within_us = 14400000000
-- workflow = 'orders'
-- zone = 'UTC'

WITH
asked AS (
-- Purpose: the first start of each instance, with the promise it carries.
-- Parameters: from_milestone String; promise String, an attribute name or empty; as_of DateTime64(6) UTC, inclusive.
SELECT key, '' AS per, min(occurred_at) AS started_at, argMin(event_id, (occurred_at, event_id)) AS start_event,
  argMin(attributes[{promise:String}], (occurred_at, event_id)) AS promise
FROM staged_events
WHERE milestone = {from_milestone:String} AND occurred_at <= {as_of:DateTime64(6)}
GROUP BY key
) ,
 starts AS (
-- Purpose: the starts whose event passes the SLA's filters. `conditions` is replaced by them, over `e`.
-- Parameters: those of the conditions.
SELECT s.key AS key, s.per AS per, s.started_at AS started_at, s.start_event AS start_event, s.promise AS promise
FROM asked AS s
INNER JOIN staged_events AS e ON s.key = e.key AND s.start_event = e.event_id
WHERE (mapContains(e.attributes, {where_0:String}) AND (e.attributes[{where_0:String}] = {where_1:String}))
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
 timed AS (
-- Purpose: the SLA's own time of each row where it names no calendar: microseconds since 1970.
-- `rows` is replaced by a SELECT with a column `at`. Parameters: none.
SELECT *, toUnixTimestamp64Micro(at) AS own_us FROM (SELECT *, started_at AS at FROM ended)
) ,
 aimed AS (
-- Purpose: the own time at which each clock is due, and that at which it is at risk; none while it is paused before.
-- A pause counts if it began before the clock ended and before the time asked for was used up.
-- Parameters: within_us Int64; has_risk UInt8; risk_us Int64, own time used from which on it is at risk.
WITH
  toInt64(9223372036854775807) AS open,
  toUnixTimestamp64Micro(started_at) AS started_us,
  least(ifNull(toUnixTimestamp64Micro(satisfied_at), open), ifNull(toUnixTimestamp64Micro(cancelled_at), open)) AS ended_us,
  arrayMap(p -> (greatest(p.2, own_us), if(p.3 > ended_us, open, p.4)),
    arrayFilter(p -> p.1 < ended_us AND p.3 > started_us, pauses)) AS live,
  arrayMap(p -> if(p.2 = open, 0, p.2 - p.1), live) AS lengths,
  arrayMap((p, total, length) -> p.1 - own_us - (total - length), live, arrayCumSum(lengths), lengths) AS used
SELECT key, per, started_at, start_event, satisfied_at, cancelled_at, calendar, '' AS problem, own_us,
  NULL::Nullable(DateTime64(6, 'UTC')) AS promised_at,
  if(arrayExists((p, u) -> p.2 = open AND u < {within_us:Int64}, live, used), NULL,
    own_us + {within_us:Int64} + arraySum(arrayMap((u, length) -> if(u < {within_us:Int64}, length, 0), used, lengths))) AS due_us,
  if({has_risk:UInt8} = 0 OR arrayExists((p, u) -> p.2 = open AND u < {risk_us:Int64}, live, used), NULL,
    own_us + {risk_us:Int64} + arraySum(arrayMap((u, length) -> if(u < {risk_us:Int64}, length, 0), used, lengths))) AS risk_own_us
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

UNION ALL
WITH
asked AS (
-- Purpose: the first start of each instance, with the promise it carries.
-- Parameters: from_milestone String; promise String, an attribute name or empty; as_of DateTime64(6) UTC, inclusive.
SELECT key, '' AS per, min(occurred_at) AS started_at, argMin(event_id, (occurred_at, event_id)) AS start_event,
  argMin(attributes[{promise:String}], (occurred_at, event_id)) AS promise
FROM staged_events
WHERE milestone = {from_milestone:String} AND occurred_at <= {as_of:DateTime64(6)}
GROUP BY key
) ,
 starts AS (
-- Purpose: the starts whose event passes the SLA's filters. `conditions` is replaced by them, over `e`.
-- Parameters: those of the conditions.
SELECT s.key AS key, s.per AS per, s.started_at AS started_at, s.start_event AS start_event, s.promise AS promise
FROM asked AS s
INNER JOIN staged_events AS e ON s.key = e.key AND s.start_event = e.event_id
WHERE NOT ((mapContains(e.attributes, {where_0:String}) AND (e.attributes[{where_0:String}] = {where_1:String})))
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
 timed AS (
-- Purpose: the SLA's own time of each row where it names no calendar: microseconds since 1970.
-- `rows` is replaced by a SELECT with a column `at`. Parameters: none.
SELECT *, toUnixTimestamp64Micro(at) AS own_us FROM (SELECT *, started_at AS at FROM ended)
) ,
 aimed AS (
-- Purpose: the own time at which each clock is due, and that at which it is at risk; none while it is paused before.
-- A pause counts if it began before the clock ended and before the time asked for was used up.
-- Parameters: within_us Int64; has_risk UInt8; risk_us Int64, own time used from which on it is at risk.
WITH
  toInt64(9223372036854775807) AS open,
  toUnixTimestamp64Micro(started_at) AS started_us,
  least(ifNull(toUnixTimestamp64Micro(satisfied_at), open), ifNull(toUnixTimestamp64Micro(cancelled_at), open)) AS ended_us,
  arrayMap(p -> (greatest(p.2, own_us), if(p.3 > ended_us, open, p.4)),
    arrayFilter(p -> p.1 < ended_us AND p.3 > started_us, pauses)) AS live,
  arrayMap(p -> if(p.2 = open, 0, p.2 - p.1), live) AS lengths,
  arrayMap((p, total, length) -> p.1 - own_us - (total - length), live, arrayCumSum(lengths), lengths) AS used
SELECT key, per, started_at, start_event, satisfied_at, cancelled_at, calendar, '' AS problem, own_us,
  NULL::Nullable(DateTime64(6, 'UTC')) AS promised_at,
  if(arrayExists((p, u) -> p.2 = open AND u < {within_us:Int64}, live, used), NULL,
    own_us + {within_us:Int64} + arraySum(arrayMap((u, length) -> if(u < {within_us:Int64}, length, 0), used, lengths))) AS due_us,
  if({has_risk:UInt8} = 0 OR arrayExists((p, u) -> p.2 = open AND u < {risk_us:Int64}, live, used), NULL,
    own_us + {risk_us:Int64} + arraySum(arrayMap((u, length) -> if(u < {risk_us:Int64}, length, 0), used, lengths))) AS risk_own_us
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

