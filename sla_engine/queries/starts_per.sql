-- Purpose: the first start of each instance and value of the `per` key that it carries itself, with the promise it carries.
-- Parameters: from_milestone String; promise String, an attribute name or empty; as_of DateTime64(6) UTC, inclusive.
--   per String, the key type.
SELECT key, arrayJoin(keys[{per:String}]) AS per, min(occurred_at) AS started_at,
  argMin(event_id, (occurred_at, event_id)) AS start_event,
  argMin(attributes[{promise:String}], (occurred_at, event_id)) AS promise
FROM staged_events
WHERE milestone = {from_milestone:String} AND occurred_at <= {as_of:DateTime64(6)}
GROUP BY key, per
