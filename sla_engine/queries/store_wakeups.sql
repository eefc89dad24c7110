-- Purpose: note when each judged clock must be looked at again: as time passes, or as the system it waits for speaks.
-- Parameters: tenant String.
INSERT INTO wakeups
SELECT {tenant:String}, '', assumeNotNull(next_at), workflow, key, sla, clock FROM staged_verdicts WHERE next_at IS NOT NULL
UNION ALL
SELECT {tenant:String}, system, assumeNotNull(deadline_at), workflow, key, sla, clock FROM staged_verdicts WHERE is_waiting
