-- Purpose: the hash of the definition that made a workflow's derived rows; no row where it has none.
-- Parameters: tenant, workflow: String. Index: stitched_definitions by (tenant, workflow).
SELECT definition FROM stitched_definitions FINAL WHERE tenant = {tenant:String} AND workflow = {workflow:String}
