-- Feeds, for `every` and `volume`: when events reached a milestone, by the minute. Derived, and written again and again
-- with the same events: first, last and the set of events do not mind.
CREATE TABLE IF NOT EXISTS feed_minutes (
  tenant LowCardinality(String),
  workflow LowCardinality(String),
  milestone LowCardinality(String),
  minute DateTime('UTC'),
  is_sharp UInt8 COMMENT '1: the very beginning of the minute, so that a bound at a full minute includes it',
  first_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
  last_at SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
  events AggregateFunction(uniqExact, UInt64)
) ENGINE = AggregatingMergeTree ORDER BY (tenant, workflow, milestone, minute, is_sharp);

-- What filters ask of an event.
ALTER TABLE staged_events ADD COLUMN IF NOT EXISTS system LowCardinality(String);
