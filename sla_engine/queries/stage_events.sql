-- Purpose: the events of the staged instances that any SLA of the workflow asks for. `events` is replaced by the
-- correlator's SELECT of instance events.
-- Parameters: milestones Array(String); attributes Array(String), names of promised dates and of what filters ask for.
INSERT INTO staged_events (key, event_id, milestone, outcome, place, occurred_at, keys, attributes, system)
SELECT key, event_id, milestone, outcome, place, occurred_at, keys,
  mapFilter((name, value) -> has({attributes:Array(String)}, toString(name)), attributes), system
FROM (/*events*/)
WHERE has({milestones:Array(String)}, toString(milestone)) OR outcome = 'cancelled'
