-- Purpose: how many merges run in some tables. Parameters: tables: Array(String).
SELECT count() FROM system.merges WHERE database = currentDatabase() AND table IN {tables:Array(String)}
