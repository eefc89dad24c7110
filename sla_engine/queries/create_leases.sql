-- Purpose: the table of leases as the migrations make it, before they run: who runs them is told by a lease.
-- Parameters: none.
CREATE TABLE IF NOT EXISTS leases (
  role LowCardinality(String),
  turn UInt64,
  holder String COMMENT 'random name of one run of the process',
  who String COMMENT 'host and process, for people',
  taken_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
  expires_at DateTime64(6, 'UTC')
) ENGINE = MergeTree ORDER BY (role, turn, holder)
TTL toDateTime(taken_at) + INTERVAL 7 DAY
