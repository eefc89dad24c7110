-- Purpose: about how many deliveries are stored, of whatever tenant, how many of them in parts with a block after `last`,
-- the last block, and the table's folder: of one made anew another. Blocks count up with every insert; a merged part has the
-- last of those it was made of.
-- Parameters: last: Int64.
SELECT
  sum(part.rows) AS stored,
  sumIf(part.rows, max_block_number > {last:Int64}) AS unread,
  max(max_block_number) AS last,
  min(substring(path, 1, length(path) - length(name) - 1)) AS folder
FROM system.parts AS part
WHERE active AND database = currentDatabase() AND table = 'event_copies'
