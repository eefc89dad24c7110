-- Purpose: The chunks of an import that were begun, in order.
-- Parameters: tenant; import_id.
-- Index use: the first two columns of the primary key.
SELECT chunk, segment_id, received_at, byte_from, byte_to, line_from, lines, accepted, rejected, stored
FROM import_chunks FINAL
WHERE tenant = {tenant:String} AND import_id = {import_id:String}
ORDER BY chunk
