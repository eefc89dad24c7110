-- Purpose: a tick has come to its end: its version is what readers of the feed may go up to.
-- Parameters: tenant: String; version: UInt64; at: DateTime64(6), UTC; segments: UInt32; events: UInt64. The instances are
-- those of its members.
INSERT INTO correlator_ticks (tenant, version, at, segments, events, instances)
SELECT
  {tenant:String}, {version:UInt64}, {at:DateTime64(6)}, {segments:UInt32}, {events:UInt64}, uniqExact(instance)
FROM stage_members
