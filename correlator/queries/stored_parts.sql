-- Purpose: about how many rows some tables have, of whatever tenant, how many of them in parts with a block after the last
-- one that was seen, the last block, and the table's folder: of one made anew another. Blocks count up with every insert; a
-- merged part has the last of those it was made of.
-- Parameters: tables: Array(String); lasts: Array(Int64), of each of them.
SELECT
  table,
  sum(part.rows) AS stored,
  sumIf(part.rows, max_block_number > {lasts:Array(Int64)}[indexOf({tables:Array(String)}, table)]) AS unread,
  max(max_block_number) AS last,
  min(substring(path, 1, length(path) - length(name) - 1)) AS folder
FROM system.parts AS part
WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)}
GROUP BY table
