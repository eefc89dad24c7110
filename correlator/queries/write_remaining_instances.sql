-- Purpose: the state of the instances that keep events which received data no longer covers, after a changed definition.
-- `position_in_time` orders by time, then by place in the declaration: 54 bits of microseconds since 1900, 10 of place. The
-- event id decides only between events of one milestone, which matters for the amount alone.
-- Parameters: tenant, workflow: String; version: UInt64. Index: memberships by (tenant, instance), whose prefix is the workflow.
INSERT INTO instances (
  tenant, workflow, key, status, current_milestone, started_at, last_event_at, completed_at, amount, currency, typed_keys,
  systems, flags, events, definition, version, is_deleted)
SELECT
  {tenant:String}, any(workflow), any(key),
  if(countIf(outcome != '') = 0, 'in_progress', argMaxIf(outcome, position_in_time, outcome != '')),
  argMaxIf(milestone, position_in_time, in_time),
  min(occurred_at), if(countIf(in_time) = 0, max(occurred_at), maxIf(occurred_at, in_time)),
  if(countIf(outcome != '') = 0, NULL, argMaxIf(occurred_at, position_in_time, outcome != '')),
  argMaxIf(amount, (position_in_time, event_id), amount != ''),
  argMaxIf(currency, (position_in_time, event_id), amount != ''),
  arraySort(groupUniqArrayArray(typed_keys)), arraySort(groupUniqArray(toString(system))),
  arraySort(arrayDistinct(arrayConcat(
    groupUniqArrayArray(arrayMap(f -> toString(f), flags)),
    if(uniqExactIf(place, is_unique) < countIf(is_unique), ['duplicate_effect'], emptyArrayString())))),
  count(), max(definition), {version:UInt64}, 0
FROM (
  SELECT
    *, NOT has(flags, 'future_dated') AS in_time,
    bitShiftLeft(toUInt64(toUnixTimestamp64Micro(occurred_at) + 2208988800000000), 10) + least(place, 1023)
      AS position_in_time
  FROM memberships FINAL
  WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND startsWith(instance, concat({workflow:String}, char(31)))
)
GROUP BY instance
