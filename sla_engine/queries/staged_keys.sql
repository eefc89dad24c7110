-- Purpose: one share of the staged instances of a workflow, so that a tick's memory is bounded.
-- Parameters: stage_workflow String; stage_shares, stage_share UInt32, the number of shares and which one (from 0).
SELECT key FROM staged_instances
WHERE workflow = {stage_workflow:String} AND cityHash64(key) % {stage_shares:UInt32} = {stage_share:UInt32}
