-- as_of = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- awaited = ['b']
-- calendar = ['']
-- calendars = []
-- cut_off = ['']
-- definition = ['4d2b4b36eeadbcdd08dfe5eef49f9fb7eafb1886225511a7b1bb594a2ed5e0fa']
-- effective_from = [-2208988800000000]
-- effective_to = [10413705600000000]
-- first_us = []
-- from_milestone = ['a']
-- has_risk = [0]
-- is_each = [0]
-- left_us = [0]
-- numbers = [1]
-- pause_from = ['']
-- pause_to = ['']
-- per = 'delivery'
-- promise = ['']
-- reached_prefix = 'orders\x1fdelivery\x1f'
-- reached_tenant = 't'
-- reached_workflow = 'orders'
-- risk_us = [14400000000]
-- share_ppm = [0]
-- sla = ['promise']
-- system = ['']
-- tenant = 't'
-- to_milestone = ['b']
-- within_us = [14400000000]
-- workflow = 'orders'
-- zone = 'UTC'

WITH
asked AS (
SELECT key, arrayJoin(keys[{per:String}]) AS per, toString(milestone) AS reached, min(occurred_at) AS at,
  argMin(event_id, (occurred_at, event_id)) AS event, argMin(attributes, (occurred_at, event_id)) AS carried
FROM staged_events
WHERE milestone IN {from_milestone:Array(String)} AND occurred_at <= {as_of:DateTime64(6)}
GROUP BY key, per, reached) ,
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
  SELECT ends.key AS key, toString(ends.milestone) AS answer, reached.value AS value, min(ends.occurred_at) AS answered_at
  FROM staged_events AS ends
  INNER JOIN (SELECT DISTINCT event_id, substring(typed_key, length({reached_prefix:String}) + 1) AS value
FROM (SELECT DISTINCT event_id, arrayJoin(typed_keys) AS typed_key, toUnixTimestamp64Micro(occurred_at) AS at_us
FROM events FINAL
PREWHERE tenant = {reached_tenant:String} AND workflow = {reached_workflow:String} AND event_id IN (SELECT event_id FROM staged_events WHERE milestone IN {to_milestone:Array(String)}) UNION ALL SELECT DISTINCT r.event_id AS event_id, l.inner_key AS typed_key, l.kept_us AS at_us
FROM (SELECT DISTINCT event_id, arrayJoin(typed_keys) AS typed_key, toUnixTimestamp64Micro(occurred_at) AS at_us
FROM events FINAL
PREWHERE tenant = {reached_tenant:String} AND workflow = {reached_workflow:String} AND event_id IN (SELECT event_id FROM staged_events WHERE milestone IN {to_milestone:Array(String)})) AS r
INNER JOIN (
  SELECT outer_key, inner_key, window_us, kept_us, toUnixTimestamp64Micro(proved_at) AS proved_us
  FROM key_links
  WHERE tenant = {reached_tenant:String} AND outer_key IN (SELECT typed_key FROM (SELECT DISTINCT event_id, arrayJoin(typed_keys) AS typed_key, toUnixTimestamp64Micro(occurred_at) AS at_us
FROM events FINAL
PREWHERE tenant = {reached_tenant:String} AND workflow = {reached_workflow:String} AND event_id IN (SELECT event_id FROM staged_events WHERE milestone IN {to_milestone:Array(String)})))
    AND (event_id, content_hash) NOT IN (
      SELECT event_id, content_hash FROM superseded WHERE tenant = {reached_tenant:String})
    AND event_id NOT IN (SELECT event_id FROM corrections WHERE tenant = {reached_tenant:String} AND kind = 'voided')
    AND (outer_key, inner_key) NOT IN (
      SELECT outer_key, inner_key FROM corrections WHERE tenant = {reached_tenant:String} AND kind = 'retracted')
    AND outer_key NOT IN (SELECT typed_key FROM hubs FINAL WHERE tenant = {reached_tenant:String} AND is_timeless)
) AS l ON r.typed_key = l.outer_key
WHERE l.window_us < 0 OR abs(l.proved_us - r.at_us) <= l.window_us)
WHERE startsWith(typed_key, {reached_prefix:String})) AS reached ON ends.event_id = reached.event_id
  WHERE ends.milestone IN {to_milestone:Array(String)} AND ends.occurred_at <= {as_of:DateTime64(6)}
  GROUP BY key, answer, value
) AS e ON s.key = e.key AND s.answer = e.answer AND s.per = e.value) ,
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
 timed AS (
SELECT *, toUnixTimestamp64Micro(at) AS own_us FROM (SELECT *, started_at AS at FROM ended)) ,
 aimed AS (
SELECT key, per, n, started_at, start_event, satisfied_at, cancelled_at, calendar, '' AS problem, own_us,
  NULL::Nullable(DateTime64(6, 'UTC')) AS promised_at,
  CAST(own_us + {within_us:Array(Int64)}[n], 'Nullable(Int64)') AS due_us,
  if({has_risk:Array(UInt8)}[n] = 0, NULL, own_us + {risk_us:Array(Int64)}[n]) AS risk_own_us
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
