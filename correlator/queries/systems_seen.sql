-- Purpose: the latest event time of each declared system. Parameters: tenant: String. Index: system_seen by (tenant, system).
SELECT system, max(seen_at) AS seen_at FROM system_seen WHERE tenant = {tenant:String} GROUP BY system
