-- Purpose: the record of applied migrations; the only table made outside a migration.
-- Parameters: none.
CREATE TABLE IF NOT EXISTS applied_migrations (
  room LowCardinality(String),
  name String,
  checksum FixedString(64),
  applied_at DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = MergeTree ORDER BY (room, name)
