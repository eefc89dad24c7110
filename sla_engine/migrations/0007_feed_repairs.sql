-- Minutes of feeds that were made anew from the events that are left, because a correction or a conflicting duplicate took one away.
-- Derived. Written first, so that a tick that ends before they are made anew does not forget them. Tiny.
CREATE TABLE IF NOT EXISTS feed_repairs (
  tenant LowCardinality(String),
  workflow LowCardinality(String),
  milestone LowCardinality(String),
  minute DateTime('UTC'),
  as_of DateTime64(6, 'UTC') COMMENT 'that of the tick that found it'
) ENGINE = MergeTree ORDER BY (tenant, workflow, as_of);
