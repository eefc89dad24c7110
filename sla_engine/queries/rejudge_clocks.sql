-- Purpose: one row for each clock an earlier version of an SLA judged, or would open where that one opened none, with what the
-- present version says of it. `anew` is replaced by the table of clocks of the trial.
-- Parameters: tenant, sla, rejudging, definition String, the hash of the present version; since (inclusive), until (exclusive),
--   effective_from (exclusive) DateTime64(6) UTC, when the clock started and from when on the present version judges;
--   shares, share UInt32, the number of shares and which one (from 0). Reads both tables' clocks of the tenant.
INSERT INTO rejudged
WITH o.clock != '' AS was, n.clock != '' AS is
SELECT {tenant:String}, {sla:String}, {rejudging:String}, if(is, n.workflow, o.workflow), if(is, n.key, o.key),
  if(is, n.clock, o.clock), if(is, n.per, o.per), if(is, n.started_at, o.started_at),
  if(is, toString(n.verdict), 'cancelled'), if(is, n.valid_from, o.started_at), n.deadline_at, n.satisfied_at,
  if(is, n.reason, 'By the present definition there is no such clock.'), {definition:String},
  o.verdict, o.valid_from, o.deadline_at, o.reason, o.definition
FROM (
  SELECT workflow, key, clock, per, started_at, verdict, valid_from, deadline_at, reason, definition FROM clocks FINAL
  WHERE tenant = {tenant:String} AND sla = {sla:String} AND cityHash64(clock) % {shares:UInt32} = {share:UInt32}
) AS o
FULL OUTER JOIN (
  SELECT workflow, key, clock, per, started_at, verdict, valid_from, deadline_at, satisfied_at, reason FROM /*anew*/ FINAL
  WHERE tenant = {tenant:String} AND sla = {sla:String} AND cityHash64(clock) % {shares:UInt32} = {share:UInt32}
) AS n ON o.clock = n.clock
WHERE if(was, o.definition != {definition:String} AND o.started_at >= {since:DateTime64(6)} AND o.started_at < {until:DateTime64(6)},
  n.started_at >= {since:DateTime64(6)} AND n.started_at < least({until:DateTime64(6)}, {effective_from:DateTime64(6)}))
