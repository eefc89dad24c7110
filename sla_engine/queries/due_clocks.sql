-- Purpose: how many clocks have come due, so that they can be taken in shares.
-- Parameters: as in stage_due_clocks.sql. Index: wakeups, likewise.
SELECT count() FROM wakeups
WHERE tenant = {tenant:String} AND sla IN {slas:Array(String)} AND due_at <= {as_of:DateTime64(6)}
  AND ((axis = '' AND due_at > {since:DateTime64(6)})
    OR (axis IN {axes:Array(String)} AND due_at >= {axes_floor:DateTime64(6)}
      AND toUnixTimestamp64Micro(due_at) >= {axes_since:Array(Int64)}[indexOf({axes:Array(String)}, toString(axis))]))
