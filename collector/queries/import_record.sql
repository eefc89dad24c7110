-- Purpose: What is known of the import of one file with one mapping; no row where it was never begun.
-- Parameters: tenant; file_hash, mapping_hash (SHA-256, hexadecimal).
-- Index use: the whole primary key.
SELECT import_id, started_at, finished_at, accepted, rejected
FROM imports FINAL
WHERE tenant = {tenant:String} AND file_hash = {file_hash:String} AND mapping_hash = {mapping_hash:String}
