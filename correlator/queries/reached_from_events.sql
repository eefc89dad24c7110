-- Purpose: where a walk inward starts: every key the events carry. `/*events*/` is a sub-SELECT of one column `event_id`.
-- Parameters: reached_tenant, reached_workflow: String. Index: events by (tenant, workflow, event_id).
SELECT DISTINCT event_id, arrayJoin(typed_keys) AS typed_key, toUnixTimestamp64Micro(occurred_at) AS at_us
FROM events FINAL
PREWHERE tenant = {reached_tenant:String} AND workflow = {reached_workflow:String} AND event_id IN (/*events*/)
