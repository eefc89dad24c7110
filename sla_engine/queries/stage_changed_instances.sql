-- Purpose: the instances whose clocks must be worked out again: recomputed by the correlator, or with an event whose time
-- has come. `changed` is replaced by the correlator's SELECT of changed instances.
-- Parameters: tenant String; since, as_of DateTime64(6) UTC (exclusive, inclusive).
-- Index: wakeups by (tenant, axis, due_at).
INSERT INTO staged_instances
SELECT DISTINCT workflow, key
FROM (
  SELECT workflow, key FROM (/*changed*/) WHERE tenant = {tenant:String}
  UNION ALL
  SELECT workflow, key FROM wakeups
  WHERE tenant = {tenant:String} AND axis = '' AND sla = ''
    AND due_at > {since:DateTime64(6)} AND due_at <= {as_of:DateTime64(6)}
)
