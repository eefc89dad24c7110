-- Who may tick, and what was excused. Decided: append-only, no statement of this project updates or deletes a row of them.

-- A clock, or all clocks of an SLA that are due within a window, need not keep their promise: who says so, and why.
CREATE TABLE IF NOT EXISTS excuses (
  tenant LowCardinality(String),
  sla LowCardinality(String),
  clock String COMMENT 'the excused clock; empty for a window',
  excuse String COMMENT 'its id',
  from_at DateTime64(6, 'UTC') COMMENT 'of a window: the first deadline it covers',
  to_at DateTime64(6, 'UTC') COMMENT 'of a window: the last deadline it covers',
  excused_at DateTime64(6, 'UTC'),
  actor String,
  reason String
) ENGINE = MergeTree ORDER BY (tenant, sla, clock, excused_at);

-- Who runs a role over this store. The row with the largest turn holds, of two with the same turn the smaller holder; it
-- holds until expires_at, by the store's clock. A holder that ends writes a row that has expired.
CREATE TABLE IF NOT EXISTS leases (
  role LowCardinality(String),
  turn UInt64,
  holder String COMMENT 'random name of one run of the process',
  who String COMMENT 'host and process, for people',
  taken_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
  expires_at DateTime64(6, 'UTC')
) ENGINE = MergeTree ORDER BY (role, turn, holder)
TTL toDateTime(taken_at) + INTERVAL 7 DAY;
