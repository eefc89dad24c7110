-- Purpose: how many rows are kept of what came in on each day (UTC), by signal: retention takes the oldest away, `segments`
-- go on naming them. Parameters: kept_tenant: String. Reads two narrow columns of all rows.
SELECT 'traces' AS signal, toDate(ReceivedAt) AS day, count() AS kept_rows FROM otel_traces
WHERE Tenant = {kept_tenant:String} GROUP BY day
UNION ALL
SELECT 'logs', toDate(ReceivedAt) AS day, count() FROM otel_logs
WHERE Tenant = {kept_tenant:String} GROUP BY day
