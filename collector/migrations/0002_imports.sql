-- File imports: which file was read with which mapping, how far, and what was not taken. The three tables are small and
-- decide whether rows are inserted again, so their parts are on disk before an insert returns.
CREATE TABLE IF NOT EXISTS imports (
  tenant LowCardinality(String),
  file_hash String COMMENT 'SHA-256 of the bytes of the file, hexadecimal',
  mapping_hash String COMMENT 'SHA-256 of the mapping as it was understood, hexadecimal',
  import_id String COMMENT 'of the two hashes; names the rows of the other tables',
  file_name String,
  source String,
  started_at DateTime64(6, 'UTC'),
  finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'NULL while chunks are missing',
  accepted UInt64,
  rejected UInt64,
  finished UInt8 COMMENT '0: chunks may be missing; 1: all of it is stored'
) ENGINE = ReplacingMergeTree(finished)
ORDER BY (tenant, file_hash, mapping_hash)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- One row per chunk, written before its first attempt and again when all of it is stored. What an attempt was told to
-- read (bytes from, to) and its segment id stay the same however often it is repeated.
CREATE TABLE IF NOT EXISTS import_chunks (
  tenant LowCardinality(String),
  import_id String,
  chunk UInt32 COMMENT 'from 0',
  segment_id String,
  received_at DateTime64(6, 'UTC'),
  byte_from UInt64 COMMENT 'of the decompressed text, inclusive',
  byte_to UInt64 COMMENT 'exclusive',
  line_from UInt64 COMMENT 'line of the text on which the chunk starts, from 1',
  lines UInt64,
  accepted UInt64,
  rejected UInt64,
  stored UInt8 COMMENT '0: attempted, fate unknown; 1: proven in ClickHouse'
) ENGINE = ReplacingMergeTree(stored)
ORDER BY (tenant, import_id, chunk)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS import_rejects (
  tenant LowCardinality(String),
  import_id String,
  chunk UInt32,
  line UInt64 COMMENT 'line of the text on which the row starts, from 1',
  reason LowCardinality(String),
  cells Array(String) COMMENT 'the row as it was read: its columns, or the line of JSON',
  rejected_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(rejected_at)
ORDER BY (tenant, import_id, chunk, line);
