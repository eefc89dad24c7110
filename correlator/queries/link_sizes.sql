-- Purpose: the links of a round: how many, the most from one key, and how many of them lead to an alias again.
-- Parameters: round: UInt8.
SELECT sum(of_key) AS links, max(of_key) AS widest, sum(further_of_key) AS further
FROM (
  SELECT count() AS of_key, countIf(NOT is_root) AS further_of_key
  FROM stage_links WHERE round = {round:UInt8}
  GROUP BY outer_key
)
