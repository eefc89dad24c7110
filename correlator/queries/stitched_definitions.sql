-- Purpose: the hashes of the definitions that made the derived rows, by workflow.
-- Parameters: tenant: String. Index: stitched_definitions by (tenant, workflow).
SELECT workflow, definition FROM stitched_definitions FINAL WHERE tenant = {tenant:String}
