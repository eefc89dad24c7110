-- Purpose: when the first of a workflow's events was received; NULL where there is none. Parameters: tenant, workflow: String.
SELECT if(count() = 0, NULL, min(received_at)) AS oldest FROM event_copies
WHERE tenant = {tenant:String} AND workflow = {workflow:String}
