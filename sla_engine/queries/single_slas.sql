-- Purpose: the SLAs that have one clock for each instance, as of the last tick; no row before the first.
-- Parameters: tenant String. One row per tenant once merged.
SELECT single FROM ticks WHERE tenant = {tenant:String} ORDER BY as_of DESC LIMIT 1
