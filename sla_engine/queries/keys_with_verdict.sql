-- Purpose: instances of a workflow with a current clock of one of the SLAs with one of the verdicts.
-- Parameters: verdict_tenant, verdict_workflow String; verdict_slas, verdict_verdicts Array(String), empty for any.
-- Index: clocks by (tenant, workflow).
SELECT DISTINCT key
FROM clocks FINAL
WHERE tenant = {verdict_tenant:String} AND workflow = {verdict_workflow:String}
  AND (empty({verdict_slas:Array(String)}) OR has({verdict_slas:Array(String)}, toString(sla)))
  AND (empty({verdict_verdicts:Array(String)}) OR has({verdict_verdicts:Array(String)}, toString(verdict)))
