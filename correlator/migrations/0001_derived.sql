-- Derived: what the correlator makes of received telemetry and workflow definitions. Every table is a set that repeated
-- work cannot grow: a tick that is done twice leaves the same rows once merged or read with FINAL.
--
-- A "typed key" is workflow, key type and normalized value in one String, joined by the character 31 (unit separator):
-- one column to look up, in the natural order of document numbers. An instance is named by its typed root key.

CREATE TABLE IF NOT EXISTS events (
  tenant LowCardinality(String),
  workflow LowCardinality(String),
  event_id String COMMENT '32 hexadecimal digits: hash of workflow, milestone and identity',
  milestone LowCardinality(String),
  place UInt16 COMMENT 'position of the milestone in the declaration, from 0',
  kind LowCardinality(String),
  outcome LowCardinality(String) COMMENT 'completed, failed, cancelled where the milestone ends the instance, else empty',
  is_unique UInt8 COMMENT '1 where two different events of this milestone are a duplicate effect',
  system LowCardinality(String) COMMENT 'the milestone''s declared system, else the service that reported it',
  declared_system LowCardinality(String) COMMENT 'the milestone''s declared system, or empty',
  signal LowCardinality(String) COMMENT 'span, span_event, log',
  name String,
  service LowCardinality(String),
  source String COMMENT 'the CloudEvents or import source, else the service',
  status LowCardinality(String) COMMENT 'ok, error, unset',
  occurred_at DateTime64(6, 'UTC'),
  started_at DateTime64(6, 'UTC') COMMENT 'a span''s start; for others occurred_at',
  received_at DateTime64(6, 'UTC') COMMENT 'the earliest delivery''s',
  trace_id String,
  span_id String,
  parent_span_id String,
  typed_keys Array(String) COMMENT 'all its keys, root first',
  innermost Array(String) COMMENT 'typed keys of the type nearest to the root; empty: the event has no key',
  innermost_rank UInt8 COMMENT '0: the root; 255: no key',
  keeps_time UInt8 COMMENT '1 where a window lies on the way from the innermost key to the root',
  amount String COMMENT 'a decimal number, or empty',
  currency LowCardinality(String),
  attributes Map(LowCardinality(String), String),
  flags Array(LowCardinality(String)),
  definition LowCardinality(String) COMMENT 'hash of the workflow definition that made the row',
  content_hash UInt64,
  rank_of_version UInt128 COMMENT 'content hash, then the earlier receipt: the largest is the version that counts',
  generation UInt64 COMMENT 'version of the rebuild that made the row; 0: none did'
) ENGINE = ReplacingMergeTree(rank_of_version)
ORDER BY (tenant, workflow, event_id)
SETTINGS index_granularity = 512;

CREATE TABLE IF NOT EXISTS event_copies (
  tenant LowCardinality(String),
  event_id String,
  segment_id String,
  content_hash UInt64,
  copies UInt32,
  workflow LowCardinality(String),
  received_at DateTime64(6, 'UTC'),
  generation UInt64
) ENGINE = ReplacingMergeTree ORDER BY (tenant, event_id, segment_id, content_hash)
SETTINGS index_granularity = 512;

-- Versions of an event that lost to one with a larger content hash. What they proved is ignored everywhere. Tiny.
CREATE TABLE IF NOT EXISTS superseded (
  tenant LowCardinality(String),
  workflow LowCardinality(String),
  event_id String,
  content_hash UInt64
) ENGINE = ReplacingMergeTree ORDER BY (tenant, workflow, event_id, content_hash);

-- One row per event and innermost value, for events whose innermost key is an alias: a root key needs no look-up.
CREATE TABLE IF NOT EXISTS event_keys (
  tenant LowCardinality(String),
  typed_key String,
  event_id String,
  content_hash UInt64,
  workflow LowCardinality(String),
  received_at DateTime64(6, 'UTC'),
  generation UInt64
) ENGINE = ReplacingMergeTree ORDER BY (tenant, typed_key, event_id, content_hash)
SETTINGS index_granularity = 256, min_compress_block_size = 8192, max_compress_block_size = 16384;

CREATE TABLE IF NOT EXISTS key_links (
  tenant LowCardinality(String),
  outer_key String COMMENT 'typed key',
  inner_key String COMMENT 'typed key',
  event_id String COMMENT 'the proving event',
  content_hash UInt64 COMMENT 'the version of it',
  window_us Int64 COMMENT 'the outer key''s window, microseconds before and after proved_at; -1: holds for ever',
  proved_at DateTime64(6, 'UTC'),
  kept_us Int64 COMMENT 'proved_at in microseconds where a window lies further inward, else 0',
  workflow LowCardinality(String),
  received_at DateTime64(6, 'UTC'),
  generation UInt64
) ENGINE = ReplacingMergeTree ORDER BY (tenant, outer_key, inner_key, event_id, content_hash)
SETTINGS index_granularity = 256, min_compress_block_size = 8192, max_compress_block_size = 16384;

-- The same links the other way round, between aliases only: which outer keys can be reached from an inner one.
CREATE TABLE IF NOT EXISTS key_links_by_inner (
  tenant LowCardinality(String),
  inner_key String,
  outer_key String,
  workflow LowCardinality(String),
  received_at DateTime64(6, 'UTC'),
  generation UInt64
) ENGINE = ReplacingMergeTree ORDER BY (tenant, inner_key, outer_key)
SETTINGS index_granularity = 256, min_compress_block_size = 8192, max_compress_block_size = 16384;

-- Event x instance, with the few columns of the event that decide the instance's state.
CREATE TABLE IF NOT EXISTS memberships (
  tenant LowCardinality(String),
  instance String COMMENT 'typed root key',
  event_id String,
  workflow LowCardinality(String),
  key String COMMENT 'the root value: the name of the instance',
  occurred_at DateTime64(6, 'UTC'),
  received_at DateTime64(6, 'UTC'),
  milestone LowCardinality(String),
  place UInt16,
  outcome LowCardinality(String),
  is_unique UInt8,
  system LowCardinality(String),
  amount String,
  currency LowCardinality(String),
  typed_keys Array(String),
  flags Array(LowCardinality(String)),
  definition LowCardinality(String),
  version UInt64,
  is_deleted UInt8
) ENGINE = ReplacingMergeTree(version, is_deleted) ORDER BY (tenant, instance, event_id)
SETTINGS index_granularity = 512;

CREATE TABLE IF NOT EXISTS instances (
  tenant LowCardinality(String),
  workflow LowCardinality(String),
  key String,
  status LowCardinality(String) COMMENT 'in_progress, completed, failed, cancelled',
  current_milestone LowCardinality(String) COMMENT 'empty where all its events are future-dated',
  started_at DateTime64(6, 'UTC'),
  last_event_at DateTime64(6, 'UTC') COMMENT 'of the events that are not future-dated, if there are any',
  completed_at Nullable(DateTime64(6, 'UTC')),
  amount String,
  currency LowCardinality(String),
  typed_keys Array(String),
  systems Array(String),
  flags Array(String),
  events UInt32,
  retries UInt32 COMMENT 'events of milestones of the kind retry',
  definition LowCardinality(String),
  version UInt64,
  is_deleted UInt8
) ENGINE = ReplacingMergeTree(version, is_deleted) ORDER BY (tenant, workflow, key)
SETTINGS index_granularity = 512;

-- Which instances carry a key value, for search; the instance's own typed_keys have the last word.
CREATE TABLE IF NOT EXISTS instance_keys (
  tenant LowCardinality(String),
  value String,
  workflow LowCardinality(String),
  key_type LowCardinality(String),
  key String
) ENGINE = ReplacingMergeTree ORDER BY (tenant, value, workflow, key_type, key)
SETTINGS index_granularity = 512;

-- Events one of whose innermost values leads nowhere yet (typed_key), or that have no key at all (typed_key empty).
CREATE TABLE IF NOT EXISTS waiting (
  tenant LowCardinality(String),
  workflow LowCardinality(String),
  event_id String,
  typed_key String,
  received_at DateTime64(6, 'UTC'),
  version UInt64,
  is_deleted UInt8
) ENGINE = ReplacingMergeTree(version, is_deleted) ORDER BY (tenant, workflow, event_id, typed_key);

-- Aliases that lead to more roots than the limit: no event belongs to an instance by them. Written after all that follows
-- from it, because a known hub is not walked through again.
CREATE TABLE IF NOT EXISTS hubs (
  tenant LowCardinality(String),
  workflow LowCardinality(String),
  typed_key String,
  is_timeless UInt8 COMMENT '1: no window on the way to the root, so that it is a hub for ever',
  found_at DateTime64(6, 'UTC'),
  version UInt64,
  is_deleted UInt8
) ENGINE = ReplacingMergeTree(version, is_deleted) ORDER BY (tenant, workflow, typed_key);

-- What people have put right, by events of their own: an event that never was, a link that does not hold. Tiny.
CREATE TABLE IF NOT EXISTS corrections (
  tenant LowCardinality(String),
  kind LowCardinality(String) COMMENT 'voided: the event; retracted: the link, whichever event proves it',
  event_id String COMMENT 'of a voided event',
  outer_key String COMMENT 'typed key',
  inner_key String COMMENT 'typed key',
  actor String,
  reason String,
  occurred_at DateTime64(6, 'UTC'),
  received_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (tenant, kind, event_id, outer_key, inner_key, occurred_at, actor);

-- Workflows derived again beside their live rows: under a tenant of their own, until `finished_at` is set.
CREATE TABLE IF NOT EXISTS rebuilds (
  tenant LowCardinality(String),
  workflow LowCardinality(String),
  generation UInt64,
  definition String,
  begun_at DateTime64(6, 'UTC'),
  finished_at Nullable(DateTime64(6, 'UTC'))
) ENGINE = ReplacingMergeTree ORDER BY (tenant, workflow, generation);

-- The latest event of each declared system in each minute of event time, future-dated ones left out.
CREATE TABLE IF NOT EXISTS system_seen (
  tenant LowCardinality(String),
  system LowCardinality(String),
  minute DateTime('UTC'),
  seen_at SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
) ENGINE = AggregatingMergeTree ORDER BY (tenant, system, minute);

-- Written last of all: what a tick has done with a segment, by the definition it used.
CREATE TABLE IF NOT EXISTS stitched_segments (
  tenant LowCardinality(String),
  workflow LowCardinality(String),
  definition LowCardinality(String),
  segment_id String,
  stitched_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (tenant, workflow, definition, segment_id);

-- The definition by which a workflow's derived rows are made; another hash in the catalog means: drop and derive again.
CREATE TABLE IF NOT EXISTS stitched_definitions (
  tenant LowCardinality(String),
  workflow LowCardinality(String),
  definition String,
  since DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(since) ORDER BY (tenant, workflow);

-- The feed of changes: instances recomputed, by the version of the tick.
CREATE TABLE IF NOT EXISTS touched (
  tenant LowCardinality(String),
  version UInt64 COMMENT 'microseconds since 1970, strictly increasing',
  workflow LowCardinality(String),
  key String,
  at DateTime DEFAULT now()
) ENGINE = MergeTree ORDER BY (tenant, version, workflow, key)
TTL at + INTERVAL 30 DAY;

CREATE TABLE IF NOT EXISTS correlator_ticks (
  tenant LowCardinality(String),
  version UInt64,
  at DateTime64(6, 'UTC'),
  segments UInt32,
  events UInt64,
  instances UInt64
) ENGINE = MergeTree ORDER BY (tenant, version);

-- Scratch of one tick, emptied at its start. Lost in a crash without harm: the tick is done again from its segments.
CREATE TABLE IF NOT EXISTS stage_events (
  segment_id String,
  workflow LowCardinality(String),
  event_id String,
  milestone LowCardinality(String),
  place UInt16,
  kind LowCardinality(String),
  outcome LowCardinality(String),
  is_unique UInt8,
  system LowCardinality(String),
  declared_system LowCardinality(String),
  signal LowCardinality(String),
  name String,
  service LowCardinality(String),
  source String,
  status LowCardinality(String),
  occurred_at DateTime64(6, 'UTC'),
  started_at DateTime64(6, 'UTC'),
  received_at DateTime64(6, 'UTC'),
  trace_id String,
  span_id String,
  parent_span_id String,
  ranked_keys Array(Tuple(rank UInt8, typed_key String, window_us Int64, keeps_time UInt8)),
  typed_keys Array(String),
  innermost Array(String),
  innermost_rank UInt8,
  keeps_time UInt8,
  amount String,
  currency LowCardinality(String),
  attributes Map(LowCardinality(String), String),
  flags Array(LowCardinality(String)),
  definition LowCardinality(String),
  content_hash UInt64
) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS stage_known (event_id String, content_hash UInt64) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS stage_reach (typed_key String, round UInt8) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS stage_reread (event_id String) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS stage_state (
  event_id String,
  workflow LowCardinality(String),
  occurred_at DateTime64(6, 'UTC'),
  received_at DateTime64(6, 'UTC'),
  milestone LowCardinality(String),
  place UInt16,
  outcome LowCardinality(String),
  is_unique UInt8,
  system LowCardinality(String),
  amount String,
  currency LowCardinality(String),
  typed_keys Array(String),
  innermost Array(String),
  innermost_rank UInt8,
  from_us Int64,
  flags Array(LowCardinality(String)),
  definition LowCardinality(String),
  is_known UInt8
) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS stage_walk (
  origin_key String,
  origin_us Int64,
  typed_key String,
  at_us Int64,
  is_root UInt8,
  round UInt8
) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS stage_links (
  outer_key String,
  inner_key String,
  window_us Int64,
  kept_us Int64,
  proved_us Int64,
  is_root UInt8,
  round UInt8
) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS stage_hubs (origin_key String, origin_us Int64, roots UInt64) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS stage_corrections AS corrections ENGINE = Memory;

CREATE TABLE IF NOT EXISTS stage_members AS memberships ENGINE = Memory;
