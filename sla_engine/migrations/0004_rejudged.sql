-- The past judged again by the SLA as it is now, beside the ledger, which stays as it is. Decided: append-only, no statement of
-- this project updates or deletes a row of them.

-- One row for each time somebody had it done; written last, so that what was broken off does not count.
CREATE TABLE IF NOT EXISTS rejudgings (
  tenant LowCardinality(String),
  sla LowCardinality(String),
  rejudging String COMMENT 'its id',
  rejudged_at DateTime64(6, 'UTC'),
  actor String,
  as_of DateTime64(6, 'UTC') COMMENT 'that of the last tick of the ledger it stands beside',
  from_at DateTime64(6, 'UTC') COMMENT 'clocks that started from then on (inclusive)',
  to_at DateTime64(6, 'UTC') COMMENT 'and before that',
  definition LowCardinality(String) COMMENT 'hash of the SLA version that judged',
  clocks UInt64
) ENGINE = MergeTree ORDER BY (tenant, sla, rejudged_at, rejudging);

-- One row for each clock of each rejudging: what the present definition says, and what the ledger said at that time.
CREATE TABLE IF NOT EXISTS rejudged (
  tenant LowCardinality(String),
  sla LowCardinality(String),
  rejudging String,
  workflow LowCardinality(String),
  key String,
  clock String,
  per String,
  started_at DateTime64(6, 'UTC'),
  verdict LowCardinality(String),
  valid_from DateTime64(6, 'UTC'),
  deadline_at Nullable(DateTime64(6, 'UTC')),
  satisfied_at Nullable(DateTime64(6, 'UTC')),
  reason String,
  definition LowCardinality(String),
  old_verdict LowCardinality(String) COMMENT 'empty where the earlier definition opened no such clock',
  old_valid_from DateTime64(6, 'UTC'),
  old_deadline_at Nullable(DateTime64(6, 'UTC')),
  old_reason String,
  old_definition LowCardinality(String),
  INDEX by_key key TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree ORDER BY (tenant, sla, rejudging, started_at, clock)
SETTINGS index_granularity = 1024;
