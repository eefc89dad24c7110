-- Purpose: count a stretch of the ledger: up for what each row says, down for what it takes the place of. One block, so that
-- it becomes one part: a process that ends has counted all of the stretch, or nothing.
-- Parameters: tenant String; counted (exclusive), upto (inclusive) UInt64, places in the ledger, at most 250,000 apart.
-- Index: the minmax index on seq.
INSERT INTO verdict_counts
SETTINGS max_insert_threads = 1, min_insert_block_size_rows = 1100000, min_insert_block_size_bytes = 0
WITH
  changes AS (
    SELECT sla, arrayJoin([(verdict, valid_from, 1), (was, was_from, -1)]) AS change,
      toUnixTimestamp64Micro(change.2) AS us, toInt32(intDiv(us - positiveModulo(us, 3600000000), 3600000000)) AS hour
    FROM verdicts
    WHERE tenant = {tenant:String} AND seq > {counted:UInt64} AND seq <= {upto:UInt64}
  )
SELECT {tenant:String}, sla, 1, hour, toDateTime64(0, 6, 'UTC'), change.1 AS verdict, sum(change.3), 0
FROM changes WHERE verdict != '' GROUP BY sla, hour, verdict
UNION ALL
SELECT {tenant:String}, sla, 0, hour, change.2, change.1 AS verdict, change.3, 0
FROM changes WHERE verdict IN ('met', 'breached')
UNION ALL
SELECT {tenant:String}, '', 0, 0, toDateTime64(0, 6, 'UTC'), '', 0, {upto:UInt64}
