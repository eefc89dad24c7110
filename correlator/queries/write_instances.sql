-- Purpose: the state of every instance this tick has touched, from all its events (rules 8 and 9 of stitching).
-- `position_in_time` orders by time, then by place in the declaration: 54 bits of microseconds since 1900, 10 of place. The
-- event id decides only between events of one milestone, which matters for the amount alone. `course`: the places, from 1,
-- in the order in which they were reached, future-dated events left out; `walked`: the steps of the expected ones, each
-- milestone where it was reached first.
-- Parameters: tenant: String; version: UInt64; workflows: Array(String) and, for each of them, by place: steps (number in
-- the expected order from 1, 0: none), once (1: a second time is flagged), retry (1: counts as a retry):
-- Array(Array(UInt16)); maybe_stored: Array(UInt64), hashes of instances, of which the others are new and have no members
-- but the staged; required: Array(Array(UInt16)), the places, from 1, that are expected.
-- Index: memberships by (tenant, instance).
INSERT INTO instances (
  tenant, workflow, key, status, current_milestone, started_at, last_event_at, completed_at, amount, currency, typed_keys,
  systems, flags, events, retries, definition, version, is_deleted)
WITH
  indexOf({workflows:Array(String)}, workflow_of) AS w,
  {steps:Array(Array(UInt16))}[w] AS steps,
  {once:Array(Array(UInt16))}[w] AS once,
  {retry:Array(Array(UInt16))}[w] AS retry,
  arrayMap(p -> toUInt16(bitAnd(p, 1023) + 1), arraySort(positions)) AS course,
  arrayFilter(s -> s > 0, arrayMap(p -> steps[p], arrayDistinct(course))) AS walked,
  arrayFilter(p -> once[p] > 0, course) AS single
SELECT
  {tenant:String}, workflow_of, key_of, status, current_milestone, started_at, last_event_at, completed_at, amount, currency,
  typed_keys, systems,
  arraySort(arrayDistinct(arrayConcat(
    event_flags,
    if(is_doubled, ['duplicate_effect'], emptyArrayString()),
    if(length(single) > length(arrayDistinct(single)), ['repeated'], emptyArrayString()),
    if(arraySort(walked) != walked, ['out_of_sequence'], emptyArrayString()),
    if(arrayExists(p -> steps[p] < arrayMax(walked) AND NOT has(course, p), {required:Array(Array(UInt16))}[w]),
      ['skipped'], emptyArrayString())))),
  events, arrayCount(p -> retry[p] > 0, course), definition, {version:UInt64}, 0
FROM (
  SELECT
    any(workflow) AS workflow_of, any(key) AS key_of,
    if(countIf(outcome != '') = 0, 'in_progress', argMaxIf(outcome, position_in_time, outcome != '')) AS status,
    argMaxIf(milestone, position_in_time, in_time) AS current_milestone,
    min(occurred_at) AS started_at,
    if(countIf(in_time) = 0, max(occurred_at), maxIf(occurred_at, in_time)) AS last_event_at,
    if(countIf(outcome != '') = 0, NULL, argMaxIf(occurred_at, position_in_time, outcome != '')) AS completed_at,
    argMaxIf(m.amount, (position_in_time, event_id), m.amount != '') AS amount,
    argMaxIf(m.currency, (position_in_time, event_id), m.amount != '') AS currency,
    arraySort(groupUniqArrayArray(m.typed_keys)) AS typed_keys,
    arraySort(groupUniqArrayIf(toString(system), system != '')) AS systems,
    groupUniqArrayArray(arrayMap(f -> toString(f), flags)) AS event_flags,
    uniqExactIf(place, is_unique) < countIf(is_unique) AS is_doubled,
    groupArrayIf(position_in_time, in_time) AS positions,
    count() AS events, max(m.definition) AS definition
  FROM (
    SELECT
      *, NOT has(flags, 'future_dated') AS in_time,
      bitShiftLeft(toUInt64(toUnixTimestamp64Micro(occurred_at) + 2208988800000000), 10) + least(place, 1022)
        AS position_in_time
    FROM ( -- if maybe_stored
      SELECT * FROM stage_members -- if maybe_stored
      WHERE sipHash64(workflow, key) NOT IN {maybe_stored:Array(UInt64)} -- if maybe_stored
      LIMIT 1 BY instance, event_id -- if maybe_stored
      UNION ALL -- if maybe_stored
      SELECT * -- if maybe_stored
    FROM memberships FINAL
    PREWHERE tenant = {tenant:String} AND instance IN (
      SELECT instance FROM stage_members
      WHERE sipHash64(workflow, key) IN {maybe_stored:Array(UInt64)} -- if maybe_stored
    )
    ) -- if maybe_stored
  ) AS m
  GROUP BY instance
)
