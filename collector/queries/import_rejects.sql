-- Purpose: A page of the refused rows of an import, in the order of the file.
-- Parameters: tenant; import_id; after (line, exclusive); page (rows).
-- Index use: the first two columns of the primary key.
SELECT line, reason, cells
FROM import_rejects FINAL
WHERE tenant = {tenant:String} AND import_id = {import_id:String} AND line > {after:UInt64}
ORDER BY line
LIMIT {page:UInt32}
