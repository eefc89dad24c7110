-- When a row came in decides how long it is kept; a changed rule reads the times of parts again and rewrites nothing.
ALTER TABLE otel_traces_trace_id_ts ADD COLUMN IF NOT EXISTS ReceivedAt DateTime DEFAULT now();
ALTER TABLE otel_traces MODIFY SETTING materialize_ttl_recalculate_only = 1;
ALTER TABLE otel_traces_trace_id_ts MODIFY SETTING materialize_ttl_recalculate_only = 1;
ALTER TABLE otel_logs MODIFY SETTING materialize_ttl_recalculate_only = 1;
ALTER TABLE import_rejects MODIFY SETTING materialize_ttl_recalculate_only = 1;
