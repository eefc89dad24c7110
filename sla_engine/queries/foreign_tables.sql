-- Purpose: the tables of one database that another lacks. Parameters: database, lacking String.
SELECT name FROM system.tables
WHERE database = {database:String} AND engine NOT LIKE '%View' AND NOT is_temporary
  AND name NOT IN (SELECT name FROM system.tables WHERE database = {lacking:String})
ORDER BY name
