-- Purpose: all spans of some segments of one tenant, with every column of the raw table.
-- Parameters: segment_tenant; segment_ids (Array(String)); segments_from, segments_to (DateTime64(6), inclusive): the
-- earliest and latest opening time among the ids, which is the ReceivedAt of their rows.
-- Index use: partitions and parts by ReceivedAt, granules by the minmax index on SegmentId.
SELECT *
FROM otel_traces
WHERE Tenant = {segment_tenant:String}
  AND SegmentId IN {segment_ids:Array(String)}
  AND ReceivedAt BETWEEN {segments_from:DateTime64(6, 'UTC')} AND {segments_to:DateTime64(6, 'UTC')}
