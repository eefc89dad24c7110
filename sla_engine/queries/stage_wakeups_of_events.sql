-- Purpose: instances with events later than as_of are looked at again when those have happened.
-- Parameters: tenant, workflow String; as_of DateTime64(6) UTC.
INSERT INTO wakeups
SELECT DISTINCT {tenant:String}, '', occurred_at, {workflow:String}, key, '', ''
FROM staged_events WHERE occurred_at > {as_of:DateTime64(6)}
