-- Purpose: the hashes of the definitions that made the derived rows, by workflow, and since when.
-- Parameters: tenant: String. Index: stitched_definitions by (tenant, workflow).
SELECT workflow, definition, since FROM stitched_definitions FINAL WHERE tenant = {tenant:String}
