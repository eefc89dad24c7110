-- Purpose: whether this database has the table of leases. Parameters: none.
SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'leases'
