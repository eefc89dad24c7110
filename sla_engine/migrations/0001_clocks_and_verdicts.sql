-- The SLA engine's tables. Derived: clocks, calendar_days, cut_off_days, wakeups, ticks. Decided: verdicts.

CREATE TABLE IF NOT EXISTS clocks (
  tenant LowCardinality(String),
  workflow LowCardinality(String),
  key String COMMENT 'the instance: a normalized value of the root key',
  sla LowCardinality(String),
  clock String COMMENT 'hash of tenant, SLA, instance and, for per, the alias value, for each, the start event',
  per String COMMENT 'the alias value of an SLA with per, else empty',
  definition LowCardinality(String) COMMENT 'hash of the SLA version that judges it',
  started_at DateTime64(6, 'UTC'),
  start_event String,
  satisfied_at Nullable(DateTime64(6, 'UTC')) COMMENT 'when the answer came, in time or not',
  cancelled_at Nullable(DateTime64(6, 'UTC')) COMMENT 'the first cancelling event of the instance',
  deadline_at Nullable(DateTime64(6, 'UTC')) COMMENT 'none while paused or where the promise cannot be read',
  risk_at Nullable(DateTime64(6, 'UTC')) COMMENT 'when it becomes at risk by time',
  problem String COMMENT 'why the promise cannot be read, else empty',
  awaited LowCardinality(String) COMMENT 'the milestone that answers',
  system LowCardinality(String) COMMENT 'the system that answers if it declares a cadence, else empty',
  flags Array(LowCardinality(String)),
  verdict LowCardinality(String),
  valid_from DateTime64(6, 'UTC'),
  known_at DateTime64(6, 'UTC') COMMENT 'as_of of the tick that found this verdict, deadline and valid_from',
  reason String,
  next_at Nullable(DateTime64(6, 'UTC')) COMMENT 'the next instant at which time alone may change the verdict',
  version UInt64 COMMENT 'as_of of the tick that wrote the row, microseconds since 1970'
) ENGINE = ReplacingMergeTree(version) ORDER BY (tenant, workflow, key, sla, clock)
SETTINGS index_granularity = 1024;

-- Append-only: no statement of this project updates or deletes a row of it.
CREATE TABLE IF NOT EXISTS verdicts (
  tenant LowCardinality(String),
  seq UInt64 COMMENT 'place in the ledger of the tenant, from 1, strictly increasing',
  workflow LowCardinality(String),
  sla LowCardinality(String),
  key String,
  clock String,
  per String,
  verdict LowCardinality(String),
  valid_from DateTime64(6, 'UTC'),
  known_at DateTime64(6, 'UTC') COMMENT 'as_of of the tick that appended the row',
  started_at DateTime64(6, 'UTC'),
  deadline_at Nullable(DateTime64(6, 'UTC')),
  satisfied_at Nullable(DateTime64(6, 'UTC')),
  reason String,
  definition LowCardinality(String),
  INDEX by_seq seq TYPE minmax GRANULARITY 1,
  INDEX by_clock clock TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree ORDER BY (tenant, sla, seq);

-- Working time as spans in UTC with the working time before them, so that two ASOF joins turn an instant into a deadline.
-- A row with opens_at = closes_at opens a compiled local year; years are contiguous.
CREATE TABLE IF NOT EXISTS calendar_days (
  tenant LowCardinality(String),
  calendar LowCardinality(String) COMMENT 'hash of the calendar',
  opens_at DateTime64(6, 'UTC'),
  closes_at DateTime64(6, 'UTC'),
  before_us Int64 COMMENT 'working microseconds from the first compiled year to opens_at; negative before that year'
) ENGINE = ReplacingMergeTree ORDER BY (tenant, calendar, opens_at, closes_at);

-- Cut-offs per business day: what starts by cut_off_at (inclusive) is due at due_at.
CREATE TABLE IF NOT EXISTS cut_off_days (
  tenant LowCardinality(String),
  calendar LowCardinality(String) COMMENT 'hash of calendar, cut-off, due time and zone',
  cut_off_at DateTime64(6, 'UTC'),
  due_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (tenant, calendar, cut_off_at);

-- What must be looked at again when time passes due_at: wall time where axis is empty, the event time of the system it
-- names otherwise. A row without sla is an instance that has an event of that time. Rows are never taken out: a tick reads
-- the range of due_at that has passed since the last one.
CREATE TABLE IF NOT EXISTS wakeups (
  tenant LowCardinality(String),
  axis LowCardinality(String),
  due_at DateTime64(6, 'UTC'),
  workflow LowCardinality(String),
  key String,
  sla LowCardinality(String),
  clock String
) ENGINE = ReplacingMergeTree ORDER BY (tenant, axis, due_at, workflow, key, sla, clock);

-- The last applied tick of each tenant.
CREATE TABLE IF NOT EXISTS ticks (
  tenant LowCardinality(String),
  as_of DateTime64(6, 'UTC'),
  version UInt64 COMMENT 'the correlator version up to which changed instances have been judged',
  seq UInt64 COMMENT 'the last place in the ledger when the tick ended',
  slas Map(String, String) COMMENT 'fingerprint of the versions of each SLA that were judged',
  seen Map(String, DateTime64(6, 'UTC')) COMMENT 'event time of each system with a cadence'
) ENGINE = ReplacingMergeTree(as_of) ORDER BY tenant;

-- Working sets of one tick, emptied before use: losing them is harmless.
CREATE TABLE IF NOT EXISTS staged_instances (
  workflow LowCardinality(String), key String
) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS staged_events (
  key String,
  event_id String,
  milestone LowCardinality(String),
  outcome LowCardinality(String),
  place UInt16,
  occurred_at DateTime64(6, 'UTC'),
  keys Map(String, Array(String)),
  attributes Map(String, String)
) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS staged_clocks (
  workflow LowCardinality(String),
  key String,
  sla LowCardinality(String),
  clock String,
  per String,
  definition LowCardinality(String),
  started_at DateTime64(6, 'UTC'),
  start_event String,
  satisfied_at Nullable(DateTime64(6, 'UTC')),
  cancelled_at Nullable(DateTime64(6, 'UTC')),
  deadline_at Nullable(DateTime64(6, 'UTC')),
  risk_at Nullable(DateTime64(6, 'UTC')),
  problem String,
  awaited LowCardinality(String),
  system LowCardinality(String),
  flags Array(LowCardinality(String))
) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS staged_verdicts (
  workflow LowCardinality(String),
  key String,
  sla LowCardinality(String),
  clock String,
  per String,
  definition LowCardinality(String),
  started_at DateTime64(6, 'UTC'),
  start_event String,
  satisfied_at Nullable(DateTime64(6, 'UTC')),
  cancelled_at Nullable(DateTime64(6, 'UTC')),
  deadline_at Nullable(DateTime64(6, 'UTC')),
  risk_at Nullable(DateTime64(6, 'UTC')),
  problem String,
  awaited LowCardinality(String),
  system LowCardinality(String),
  flags Array(LowCardinality(String)),
  verdict LowCardinality(String),
  valid_from DateTime64(6, 'UTC'),
  reason String,
  next_at Nullable(DateTime64(6, 'UTC')),
  is_waiting Bool COMMENT 'past its deadline, and the answering system has not spoken since',
  is_news Bool COMMENT 'verdict, deadline or valid_from differ from the current ones',
  is_new Bool COMMENT 'there was no such clock',
  known_at DateTime64(6, 'UTC')
) ENGINE = Memory;
