-- Purpose: the last applied tick of a tenant; no row where there is none.
-- Parameters: tenant String. One row per tenant once merged.
SELECT as_of, version, seq, slas, seen, rested FROM ticks WHERE tenant = {tenant:String} ORDER BY as_of DESC LIMIT 1
