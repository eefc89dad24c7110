-- Purpose: the known clocks of a feed that were not worked out again where its events were corrected. Staged as cancelled from
-- their start on. A silence from when the feed was first waited for is not meant.
-- Parameters: tenant, workflow, feed_name, sla, definition String; since DateTime64(6) UTC (inclusive), from which on they start.
-- Index: clocks by (tenant, workflow, key, sla).
INSERT INTO staged_clocks
SELECT workflow, key, sla, clock, per, definition, started_at, start_event, NULL, started_at, NULL, NULL, '', awaited, '', ['vanished']
FROM clocks FINAL
PREWHERE tenant = {tenant:String} AND workflow = {workflow:String} AND key = {feed_name:String} AND sla = {sla:String}
WHERE definition = {definition:String} AND started_at >= {since:DateTime64(6)} AND start_event != 'waited for'
  AND NOT has(flags, 'vanished') AND clock NOT IN (SELECT clock FROM staged_clocks)
