-- Purpose: about how many deliveries are stored, of whatever tenant, how many of them in parts with a block after `last`, and
-- the last block. Blocks count up with every insert; a merged part has the last of those it was made of.
-- Parameters: last: Int64.
SELECT
  sum(part.rows) AS stored,
  sumIf(part.rows, max_block_number > {last:Int64}) AS unread,
  max(max_block_number) AS last
FROM system.parts AS part
WHERE active AND database = currentDatabase() AND table = 'event_copies'
