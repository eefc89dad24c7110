-- Purpose: how many excuses a tenant has, and how many of them may not have been applied yet.
-- Parameters: tenant String; since (exclusive), as_of (inclusive) DateTime64(6) UTC. Index: excuses by tenant.
SELECT count() AS ever, countIf(excused_at > {since:DateTime64(6)}) AS recent FROM excuses
WHERE tenant = {tenant:String} AND excused_at <= {as_of:DateTime64(6)}
