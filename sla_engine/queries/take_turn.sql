-- Purpose: claim or keep a role, or give it up (seconds 0). Parameters: role, holder, who String; turn UInt64; seconds Float64,
--   how long from now, by the store's clock.
INSERT INTO leases (role, turn, holder, who, expires_at)
SELECT {role:String}, {turn:UInt64}, {holder:String}, {who:String},
  now64(6, 'UTC') + toIntervalMicrosecond(toInt64({seconds:Float64} * 1000000))
