-- Purpose: since when received data covers a tenant; NULL where there is none. `/*segments*/`: committed segments.
-- Parameters: tenant: String.
SELECT if(count() = 0, NULL, min(received_from)) AS covered_from FROM (/*segments*/) WHERE tenant = {tenant:String}
