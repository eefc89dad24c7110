-- Purpose: the tables of the database beside, and whether each has the columns of the live one.
-- Parameters: live, apart: String, the names of the databases; tables: Array(String).
SELECT name, uniqExact(structure) = 1 AS is_alike
FROM (
  SELECT table AS name, database AS within, arraySort(groupArray((position, column, type))) AS structure
  FROM (
    SELECT database, table, position, name AS column, type FROM system.columns
    WHERE database IN ({live:String}, {apart:String}) AND table IN {tables:Array(String)}
  )
  GROUP BY name, within
)
GROUP BY name
HAVING countIf(within = {apart:String}) > 0
