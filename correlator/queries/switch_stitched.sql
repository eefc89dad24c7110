-- Purpose: the segments that rebuilds have seen are those that the workflows' live rows come from.
-- Parameters: tenant, shadow: String; workflows: Array(String).
INSERT INTO stitched_segments
SELECT * REPLACE ({tenant:String} AS tenant)
FROM (SELECT * FROM stitched_segments WHERE tenant = {shadow:String} AND workflow IN {workflows:Array(String)})
