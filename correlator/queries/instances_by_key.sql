-- Purpose: instances by name. Parameters: tenant: String; workflows, keys: Array(String), pairwise.
-- Index: instances by (tenant, workflow, key).
SELECT * FROM instances FINAL
PREWHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)} AND key IN {keys:Array(String)}
  AND (workflow, key) IN (
    SELECT tupleElement(pair, 1), tupleElement(pair, 2)
    FROM (SELECT arrayJoin(arrayZip({workflows:Array(String)}, {keys:Array(String)})) AS pair))
