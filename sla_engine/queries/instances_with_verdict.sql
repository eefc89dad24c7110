-- Purpose: instances of a tenant with a current clock of one of the verdicts, each once for every such clock.
-- Parameters: verdict_tenant String; verdict_verdicts Array(String). Index: clocks by tenant.
SELECT workflow, key FROM clocks FINAL
WHERE tenant = {verdict_tenant:String} AND verdict IN {verdict_verdicts:Array(String)}
