-- Purpose: How many rows of a chunk were refused.
-- Parameters: tenant; import_id; chunk (from 0).
-- Index use: the first three columns of the primary key.
SELECT count()
FROM import_rejects FINAL
WHERE tenant = {tenant:String} AND import_id = {import_id:String} AND chunk = {chunk:UInt32}
