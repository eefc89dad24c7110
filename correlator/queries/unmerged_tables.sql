-- Purpose: which of some tables have a setting that keeps their parts from being merged.
-- Parameters: tables: Array(String); setting: String, a pattern of LIKE.
SELECT name FROM system.tables
WHERE database = currentDatabase() AND name IN {tables:Array(String)} AND create_table_query LIKE {setting:String}
ORDER BY name
