-- Purpose: who holds a role now, and for how many more seconds (0 or less: nobody). No row: nobody ever did.
-- Parameters: role String. Index: leases by role, read from its end.
SELECT turn, holder, who, toUnixTimestamp64Micro(expires_at) / 1e6 - toUnixTimestamp64Micro(now64(6, 'UTC')) / 1e6 AS seconds_left
FROM leases
WHERE role = {role:String}
ORDER BY turn DESC, holder
LIMIT 1
