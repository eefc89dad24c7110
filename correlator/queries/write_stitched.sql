-- Purpose: workflow definitions have seen segments. Written last of all.
-- Parameters: tenant: String; workflows, definitions: Array(String), pairwise; segment_ids: Array(String); at: DateTime64(6), UTC.
INSERT INTO stitched_segments (tenant, workflow, definition, segment_id, stitched_at)
SELECT {tenant:String}, tupleElement(pair, 1), tupleElement(pair, 2), segment_id, {at:DateTime64(6)}
FROM (SELECT arrayJoin(arrayZip({workflows:Array(String)}, {definitions:Array(String)})) AS pair) AS definitions
CROSS JOIN (SELECT arrayJoin({segment_ids:Array(String)}) AS segment_id) AS segments
