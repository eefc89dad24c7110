-- as_of = datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)
-- awaited = ['b', 'b']
-- calendar = ['', '']
-- calendars = []
-- cut_off = ['', '']
-- definition = ['49a3a3ac20538f37a128155fafcf6ee2401a16b589dc92780901490b025ec716', '49a3a3ac20538f37a128155fafcf6ee2401a16b589dc92780901490b025ec716']
-- effective_from = [-2208988800000000, -2208988800000000]
-- effective_to = [10413705600000000, 10413705600000000]
-- first_us = []
-- from_milestone = ['a', 'a']
-- has_risk = [0, 0]
-- is_each = [0, 0]
-- left_us = [0, 0]
-- numbers = [1, 2]
-- pause_from = ['', '']
-- pause_to = ['', '']
-- per = ''
-- promise = ['', '']
-- risk_us = [3600000000, 14400000000]
-- share_ppm = [0, 0]
-- sla = ['promise', 'promise']
-- system = ['', '']
-- tenant = 't'
-- to_milestone = ['b', 'b']
-- where_0 = 'class'
-- where_1 = 'gold'
-- where_2 = 'class'
-- where_3 = 'gold'
-- within_us = [3600000000, 14400000000]
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
SELECT key, per,
  arrayJoin(arrayFilter((i, passes) -> passes AND {from_milestone:Array(String)}[i] = reached, {numbers:Array(UInt16)}, passed)) AS n,
  at AS started_at, event AS start_event, carried[{promise:Array(String)}[n]] AS promise
FROM (
  SELECT s.key AS key, s.per AS per, s.reached AS reached, s.at AS at, s.event AS event, s.carried AS carried, [
(mapContains(e.attributes, {where_0:String}) AND (e.attributes[{where_0:String}] = {where_1:String})) ,
 NOT ((mapContains(e.attributes, {where_2:String}) AND (e.attributes[{where_2:String}] = {where_3:String})))] AS passed
  FROM asked AS s
  INNER JOIN staged_events AS e ON s.key = e.key AND s.event = e.event_id
)) ,
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
