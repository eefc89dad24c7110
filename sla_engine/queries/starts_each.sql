-- Purpose: every start of each instance, with the promise it carries.
-- Parameters: from_milestone String; promise String, an attribute name or empty; as_of DateTime64(6) UTC, inclusive.
SELECT key, '' AS per, occurred_at AS started_at, event_id AS start_event, attributes[{promise:String}] AS promise
FROM staged_events
WHERE milestone = {from_milestone:String} AND occurred_at <= {as_of:DateTime64(6)}
