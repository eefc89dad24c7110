-- Purpose: the minutes of feeds that are made anew, for use inside another statement.
-- Parameters: repair_tenant, repair_workflow String; repair_since DateTime64(6) UTC, the last tick (exclusive).
-- Index: feed_repairs by (tenant, workflow, as_of).
SELECT milestone, minute FROM feed_repairs
WHERE tenant = {repair_tenant:String} AND workflow = {repair_workflow:String} AND as_of > {repair_since:DateTime64(6)}
