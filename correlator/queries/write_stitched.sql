-- Purpose: workflow definitions have seen segments, each of them all. Written last of all.
-- Parameters: tenant: String; workflows, definitions: Array(String), pairwise; segment_ids: Array(String); at: DateTime64(6), UTC.
INSERT INTO stitched_segments (tenant, workflow, definition, segment_id, stitched_at)
WITH arrayJoin(arrayZip({workflows:Array(String)}, {definitions:Array(String)})) AS pair
SELECT {tenant:String}, tupleElement(pair, 1), tupleElement(pair, 2), arrayJoin({segment_ids:Array(String)}), {at:DateTime64(6)}
