-- as_of = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- awaited = 'b'
-- calendar = ''
-- cut_off = ''
-- definition = '4d2b4b36eeadbcdd08dfe5eef49f9fb7eafb1886225511a7b1bb594a2ed5e0fa'
-- effective_from = datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
-- effective_to = datetime.datetime(2299, 12, 31, 0, 0, tzinfo=datetime.timezone.utc)
-- first_us = 0
-- from_milestone = 'a'
-- has_risk = 0
-- is_each = 0
-- left_us = 0
-- pause_from = ''
-- pause_to = ''
-- per = 'delivery'
-- promise = ''
-- reached_prefix = 'orders\x1fdelivery\x1f'
-- reached_tenant = 't'
-- reached_workflow = 'orders'
-- risk_us = 14400000000
-- share_ppm = 0
-- sla = 'promise'
-- system = ''
-- tenant = 't'
-- to_milestone = 'b'
-- within_us = 14400000000
-- workflow = 'orders'
-- zone = 'UTC'

WITH
starts AS (
-- Purpose: the first start of each instance and value of the `per` key that it carries itself, with the promise it carries.
-- Parameters: from_milestone String; promise String, an attribute name or empty; as_of DateTime64(6) UTC, inclusive.
--   per String, the key type.
SELECT key, arrayJoin(keys[{per:String}]) AS per, min(occurred_at) AS started_at,
  argMin(event_id, (occurred_at, event_id)) AS start_event,
  argMin(attributes[{promise:String}], (occurred_at, event_id)) AS promise
FROM staged_events
WHERE milestone = {from_milestone:String} AND occurred_at <= {as_of:DateTime64(6)}
GROUP BY key, per
) ,
 answered AS (
-- Purpose: the answer of each start for one value of the `per` key: the first end that carries or reaches the value,
-- whenever it came. `reached` is replaced by the correlator's SELECT of the values events carry or reach.
-- Parameters: to_milestone String; as_of DateTime64(6) UTC, inclusive; effective_from (inclusive), effective_to (exclusive)
--   DateTime64(6) UTC: starts this version of the SLA judges.
SELECT s.key AS key, s.per AS per, s.started_at AS started_at, s.start_event AS start_event, s.promise AS promise,
  if(e.key = '', NULL, e.answered_at) AS satisfied_at
FROM starts AS s
LEFT JOIN (
  SELECT ends.key AS key, reached.value AS value, min(ends.occurred_at) AS answered_at
  FROM staged_events AS ends
  INNER JOIN (SELECT DISTINCT event_id, substring(typed_key, length({reached_prefix:String}) + 1) AS value
FROM (SELECT DISTINCT event_id, arrayJoin(typed_keys) AS typed_key, toUnixTimestamp64Micro(occurred_at) AS at_us
FROM events FINAL
WHERE tenant = {reached_tenant:String} AND workflow = {reached_workflow:String} AND event_id IN (SELECT event_id FROM staged_events WHERE milestone = {to_milestone:String}) UNION ALL SELECT DISTINCT r.event_id AS event_id, l.inner_key AS typed_key, l.kept_us AS at_us
FROM (SELECT DISTINCT event_id, arrayJoin(typed_keys) AS typed_key, toUnixTimestamp64Micro(occurred_at) AS at_us
FROM events FINAL
WHERE tenant = {reached_tenant:String} AND workflow = {reached_workflow:String} AND event_id IN (SELECT event_id FROM staged_events WHERE milestone = {to_milestone:String})) AS r
INNER JOIN (
  SELECT outer_key, inner_key, window_us, kept_us, toUnixTimestamp64Micro(proved_at) AS proved_us
  FROM key_links
  WHERE tenant = {reached_tenant:String} AND outer_key IN (SELECT typed_key FROM (SELECT DISTINCT event_id, arrayJoin(typed_keys) AS typed_key, toUnixTimestamp64Micro(occurred_at) AS at_us
FROM events FINAL
WHERE tenant = {reached_tenant:String} AND workflow = {reached_workflow:String} AND event_id IN (SELECT event_id FROM staged_events WHERE milestone = {to_milestone:String})))
    AND (event_id, content_hash) NOT IN (
      SELECT event_id, content_hash FROM superseded WHERE tenant = {reached_tenant:String})
    AND event_id NOT IN (SELECT event_id FROM corrections WHERE tenant = {reached_tenant:String} AND kind = 'voided')
    AND (outer_key, inner_key) NOT IN (
      SELECT outer_key, inner_key FROM corrections WHERE tenant = {reached_tenant:String} AND kind = 'retracted')
    AND outer_key NOT IN (SELECT typed_key FROM hubs FINAL WHERE tenant = {reached_tenant:String} AND is_timeless)
) AS l ON r.typed_key = l.outer_key
WHERE l.window_us < 0 OR abs(l.proved_us - r.at_us) <= l.window_us)
WHERE startsWith(typed_key, {reached_prefix:String})) AS reached ON ends.event_id = reached.event_id
  WHERE ends.milestone = {to_milestone:String} AND ends.occurred_at <= {as_of:DateTime64(6)}
  GROUP BY key, value
) AS e ON s.key = e.key AND s.per = e.value
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

