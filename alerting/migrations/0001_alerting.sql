-- Decided: what was alerted, told and silenced. Append-only: a row is a transition, the present is read from the rows.
-- Every sort key starts with the tenant; `actor` is `throughline` where the platform itself acted.

-- Every row is a whole picture of the alert and says what changed it. The latest row of change `verdict`, by
-- (verdict_seq, at), is the present one; the others count for the episode and verdict they were made under: an
-- acknowledgement of a risk does not cover the breach that follows. So the present does not depend on who wrote first.
CREATE TABLE IF NOT EXISTS alerts (
  tenant LowCardinality(String),
  alert_id String COMMENT '32 hexadecimal digits: hash of tenant, SLA, workflow, key and clock',
  verdict_seq UInt64 COMMENT 'place in the ledger of the verdict this row answers',
  change LowCardinality(String) COMMENT 'verdict, acknowledged, silenced, released',
  at DateTime64(6, 'UTC'),
  actor String,
  comment String COMMENT 'a person''s; for silenced the silence''s id; for verdict the named reason of the decision',
  is_open Bool,
  verdict LowCardinality(String),
  episode UInt64 COMMENT 'the verdict_seq that opened it; a new one each time it fires again',
  workflow LowCardinality(String),
  sla LowCardinality(String),
  key String COMMENT 'of the workflow instance',
  clock String,
  per String COMMENT 'the value of the SLA''s alias key, or empty',
  severity LowCardinality(String),
  owner String,
  labels Map(LowCardinality(String), String) COMMENT 'what routes and silences match',
  keys Map(LowCardinality(String), Array(String)),
  milestone LowCardinality(String) COMMENT 'the one awaited',
  started_at DateTime64(6, 'UTC') COMMENT 'since when the verdict that opened this episode is valid',
  ended_at Nullable(DateTime64(6, 'UTC')) COMMENT 'when a later verdict resolved it',
  deadline_at Nullable(DateTime64(6, 'UTC')),
  satisfied_at Nullable(DateTime64(6, 'UTC')),
  known_at DateTime64(6, 'UTC') COMMENT 'of the verdict',
  amount String COMMENT 'decimal, or empty',
  currency LowCardinality(String),
  reason String COMMENT 'of the verdict',
  definition String COMMENT 'hash of the SLA that judged'
) ENGINE = MergeTree ORDER BY (tenant, alert_id, change, verdict_seq, at);

-- One message to one receiver and what became of it. The row of state `queued` holds the message; the rows of its
-- attempts (`delivered`, `failed`: will be tried again at next_attempt_at, `abandoned`) leave those columns empty.
CREATE TABLE IF NOT EXISTS notifications (
  tenant LowCardinality(String),
  message_id String COMMENT 'sorts by the time it was queued',
  attempt UInt16 COMMENT '0 for queued',
  state LowCardinality(String) COMMENT 'queued, delivered, failed, abandoned',
  at DateTime64(6, 'UTC'),
  actor String,
  receiver_kind LowCardinality(String) COMMENT 'log, webhook, email, apprise_env',
  receiver_target String COMMENT 'URL, address, or the name of the variable that holds it; never a secret variable''s value',
  route String COMMENT 'ids of the routes that chose the receiver, joined by a comma',
  group_key String,
  alert_ids Array(String),
  told Array(String) COMMENT 'what each alert''s receiver is told, same order: <episode>:<verdict>',
  title String,
  body String COMMENT 'rendered when it was decided: what was known then',
  error String,
  next_attempt_at Nullable(DateTime64(6, 'UTC')),
  INDEX alerts_of_message alert_ids TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY (tenant, message_id, attempt);

CREATE TABLE IF NOT EXISTS silences (
  tenant LowCardinality(String),
  silence_id String,
  change LowCardinality(String) COMMENT 'added, ended',
  at DateTime64(6, 'UTC'),
  actor String,
  comment String,
  matchers Map(String, Array(String)) COMMENT 'label name to the values it may have; all names must match',
  starts_at DateTime64(6, 'UTC') COMMENT 'inclusive; of added rows',
  ends_at DateTime64(6, 'UTC') COMMENT 'exclusive; of ended rows: when it was ended'
) ENGINE = MergeTree ORDER BY (tenant, silence_id, change, at);

-- How far the ledger has been read, per tenant; written after all that follows from the rows before it. A bookmark: only
-- the latest counts.
CREATE TABLE IF NOT EXISTS alerting_positions (
  tenant LowCardinality(String),
  seq UInt64 COMMENT 'of the last ledger row that has been followed',
  at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(at) ORDER BY tenant;
