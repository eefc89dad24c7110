-- Purpose: Refused rows of an import by reason, most frequent first.
-- Parameters: tenant; import_id.
-- Index use: the first two columns of the primary key.
SELECT reason, count() AS rows
FROM import_rejects FINAL
WHERE tenant = {tenant:String} AND import_id = {import_id:String}
GROUP BY reason
ORDER BY rows DESC, reason
