-- Purpose: which verdicts the current clocks of some instances of a workflow have. Parameters: tenant, workflow String;
-- keys Array(String). Index: clocks by (tenant, workflow, key).
SELECT key, groupUniqArray(toString(verdict)) AS verdicts
FROM clocks FINAL
PREWHERE tenant = {tenant:String} AND workflow = {workflow:String} AND key IN {keys:Array(String)}
GROUP BY key
