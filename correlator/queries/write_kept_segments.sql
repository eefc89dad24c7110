-- Purpose: a rebuild does not read again what is still there of days that received data no longer covers as a whole: what
-- came of it was copied. `/*segments*/`: committed segments.
-- Parameters: tenant, shadow, workflow, definition: String; at, covered: DateTime64(6), UTC.
INSERT INTO stitched_segments (tenant, workflow, definition, segment_id, stitched_at)
SELECT DISTINCT {shadow:String}, workflow, {definition:String}, segment_id, {at:DateTime64(6)}
FROM stitched_segments
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND segment_id IN (
  SELECT segment_id FROM (/*segments*/) WHERE tenant = {tenant:String} AND received_from < {covered:DateTime64(6)})
