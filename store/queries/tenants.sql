-- Purpose: the tenants for which a catalog was ever applied.
-- Parameters: none. Reads the first two key columns of a small table.
SELECT DISTINCT tenant FROM definitions WHERE kind = 'catalog' ORDER BY tenant
