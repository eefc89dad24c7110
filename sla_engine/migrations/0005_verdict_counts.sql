-- How many clocks have which verdict since when, kept up with the ledger, so that objectives need not read all clocks.

-- What each row of the ledger takes the place of: counts go up for the one and down for the other.
ALTER TABLE verdicts ADD COLUMN IF NOT EXISTS was LowCardinality(String)
  COMMENT 'the verdict in the row of the same clock before this one; empty in its first row';
ALTER TABLE verdicts ADD COLUMN IF NOT EXISTS was_from DateTime64(6, 'UTC') COMMENT 'valid_from of the row before';
ALTER TABLE staged_verdicts ADD COLUMN IF NOT EXISTS was LowCardinality(String);
ALTER TABLE staged_verdicts ADD COLUMN IF NOT EXISTS was_from DateTime64(6, 'UTC');

-- Derived from the ledger: emptied, it fills again. Whole hours for every verdict, single instants for those that decide an
-- objective. Rows are written with the place in the ledger up to which they count, in one part: counted is either all of a
-- stretch of the ledger or nothing of it, and nothing twice. That place is in the row without SLA.
CREATE TABLE IF NOT EXISTS verdict_counts (
  tenant LowCardinality(String),
  sla LowCardinality(String),
  is_hour UInt8 COMMENT '1: a whole hour, 0: an instant',
  hour Int32 COMMENT 'hours since 1970, rounded down',
  at DateTime64(6, 'UTC') COMMENT 'valid_from; 1970 for a whole hour',
  verdict LowCardinality(String),
  clocks SimpleAggregateFunction(sum, Int64),
  upto SimpleAggregateFunction(max, UInt64) COMMENT 'a place in the ledger, in the row without SLA'
) ENGINE = AggregatingMergeTree ORDER BY (tenant, sla, is_hour, hour, at, verdict)
SETTINGS index_granularity = 1024;

-- Rows written before they said what they take the place of: of each clock the last one counts.
TRUNCATE TABLE verdict_counts;
INSERT INTO verdict_counts
WITH toUnixTimestamp64Micro(since) AS us,
  toInt32(intDiv(us - positiveModulo(us, 3600000000), 3600000000)) AS hour
SELECT tenant, sla, grain, hour, if(grain = 1, toDateTime64(0, 6, 'UTC'), since), verdict, 1, 0
FROM (
  SELECT tenant, sla, argMax(v.verdict, seq) AS verdict, argMax(valid_from, seq) AS since, arrayJoin([0, 1]) AS grain
  FROM verdicts AS v
  GROUP BY tenant, sla, clock
)
WHERE grain = 1 OR verdict IN ('met', 'breached');
INSERT INTO verdict_counts
SELECT tenant, '', 0, 0, toDateTime64(0, 6, 'UTC'), '', 0, max(seq) FROM verdicts GROUP BY tenant;

-- So that distinct instances need not be counted where clocks are.
ALTER TABLE ticks ADD COLUMN IF NOT EXISTS single Array(String) COMMENT 'SLAs with one clock for each instance';
